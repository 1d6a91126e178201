-- Who comes in. Times are ms since the Unix epoch.

-- What lets someone in and can be taken back: API keys, logins, share links. Secrets are only here as SHA-256.
CREATE TABLE grants (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('key', 'login', 'share')),
    secret BLOB UNIQUE,
    name TEXT,
    role TEXT NOT NULL,
    scope TEXT NOT NULL,
    parent TEXT,
    made_by TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    last_used_at INTEGER
) STRICT;

-- Passwords as argon2id in PHC form; NULL: no password opens it.
CREATE TABLE users (
    name TEXT NOT NULL PRIMARY KEY,
    role TEXT NOT NULL,
    password TEXT,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    who TEXT,
    origin TEXT NOT NULL,
    action TEXT NOT NULL,
    session_id TEXT,
    result TEXT NOT NULL,
    detail TEXT
) STRICT;

-- Nothing in it changes, and only what the limit pushes out goes.
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_keeps_the_newest BEFORE DELETE ON audit
WHEN OLD.id > (SELECT MAX(id) FROM audit) - 1000000
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
