CREATE TABLE IF NOT EXISTS tasks (
	id      TEXT PRIMARY KEY,
	version INTEGER NOT NULL,
	status  TEXT NOT NULL,
	task    TEXT NOT NULL
) STRICT;

CREATE INDEX IF NOT EXISTS tasks_by_status ON tasks (status, id);

-- AUTOINCREMENT gives no number twice, also when the rows are gone.
CREATE TABLE IF NOT EXISTS outbox (
	number INTEGER PRIMARY KEY AUTOINCREMENT,
	event  TEXT NOT NULL,
	trace  TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS identity (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	id  TEXT NOT NULL
) STRICT;
