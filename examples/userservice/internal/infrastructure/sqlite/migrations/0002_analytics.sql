-- The events that are counted: the mark and the count are one transaction.
CREATE TABLE counted (
    event_id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE counts (
    day    TEXT NOT NULL,
    domain TEXT NOT NULL,
    users  INTEGER NOT NULL,
    PRIMARY KEY (day, domain)
) STRICT, WITHOUT ROWID;
