package store

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/millstream-go/millstream/examples/tasks/internal/task"
)

// tell puts the event of a change into the outbox.
func (s *Store) tell(ctx context.Context, tx *sql.Tx, kind task.Kind, t task.Task) error {
	event, err := json.Marshal(task.Event{Kind: kind, At: t.UpdatedAt, Task: t})
	if err != nil {
		return err
	}
	trace, err := json.Marshal(s.carry(ctx))
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO outbox (event, trace) VALUES (?, ?)`, string(event), string(trace))
	return err
}

// Unsent returns the first events in the outbox, in order.
func (s *Store) Unsent(ctx context.Context, limit int) ([]task.Unsent, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT number, event, trace FROM outbox ORDER BY number LIMIT ?`, limit)
	if err != nil {
		return nil, wrap(err, "read the outbox")
	}
	defer rows.Close()
	var unsent []task.Unsent
	for rows.Next() {
		var u task.Unsent
		var number int64
		var event, trace string
		if err := rows.Scan(&number, &event, &trace); err != nil {
			return nil, wrap(err, "read the outbox")
		}
		if u.Event, err = task.ParseEvent([]byte(event)); err != nil {
			return nil, wrap(err, "read the outbox")
		}
		if err := json.Unmarshal([]byte(trace), &u.Trace); err != nil {
			return nil, wrap(err, "read the outbox")
		}
		u.Event.Number = number
		unsent = append(unsent, u)
	}
	return unsent, wrap(rows.Err(), "read the outbox")
}

// Sent takes the events up to the number out of the outbox.
func (s *Store) Sent(ctx context.Context, number int64) error {
	_, err := s.db.ExecContext(ctx, `DELETE FROM outbox WHERE number <= ?`, number)
	return wrap(err, "clear the outbox")
}

// Waiting returns how many events are in the outbox.
func (s *Store) Waiting(ctx context.Context) (n int64, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT count(*) FROM outbox`).Scan(&n)
	return n, wrap(err, "read the outbox")
}
