-- Where each user's newest connection to a session stood (row T6): a JSON list, written now and then.
CREATE TABLE last_sequences (
    session_id TEXT NOT NULL PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    places TEXT NOT NULL
) STRICT;
