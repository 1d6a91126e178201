-- Whom a session ran as, the limits it was held to (a JSON object) and whether what was typed was recorded: of sessions
-- archived before, nobody knows any more.
ALTER TABLE sessions ADD COLUMN run_as TEXT;
ALTER TABLE sessions ADD COLUMN limits TEXT NOT NULL DEFAULT '{}';
ALTER TABLE sessions ADD COLUMN records_input INTEGER NOT NULL DEFAULT 0;
