-- What is known of every session. Times are ms since the Unix epoch; `last_activity_monotonic` is ms of this boot.
CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    run TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'completed', 'archived')),
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    updated_at INTEGER NOT NULL,
    end_reason TEXT,
    exit_code INTEGER,
    exit_signal INTEGER,
    shell TEXT NOT NULL,
    cmd TEXT NOT NULL,
    args TEXT NOT NULL,
    cwd TEXT NOT NULL,
    cols INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    labels TEXT NOT NULL,
    group_name TEXT,
    user_id TEXT,
    ttl_s INTEGER NOT NULL,
    idle_s INTEGER NOT NULL,
    restarted_from TEXT,
    output_base INTEGER NOT NULL,
    output_end INTEGER NOT NULL,
    last_activity INTEGER NOT NULL,
    last_activity_monotonic INTEGER NOT NULL,
    summary TEXT
) STRICT;

CREATE INDEX sessions_by_state ON sessions (state, started_at);

-- The text that stood on the screen of an archived session when it ended.
CREATE TABLE last_screens (
    session_id TEXT NOT NULL PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    text TEXT NOT NULL
) STRICT;

-- Filled and emptied at every start, so that a full disk still has room for the end of a session.
CREATE TABLE reserve (bytes BLOB NOT NULL) STRICT;
