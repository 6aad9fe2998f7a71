CREATE TABLE users (
    -- The position grows with each user, whoever saves it: SQLite has one writer at a time.
    position      INTEGER PRIMARY KEY AUTOINCREMENT,
    id            TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    email         TEXT NOT NULL UNIQUE,
    registered_at TEXT NOT NULL
) STRICT;

-- What is saved and not yet published. AUTOINCREMENT, for rows go and positions must not
-- come again.
CREATE TABLE outbox (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL UNIQUE,
    payload  BLOB NOT NULL,
    trace    TEXT NOT NULL
) STRICT;
