-- Who made the session; NULL: whoever has the server's own token.
ALTER TABLE sessions ADD COLUMN owner TEXT;
