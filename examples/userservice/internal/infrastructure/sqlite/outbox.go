package sqlite

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/millstream-go/millstream/examples/userservice/internal/application"
)

var _ application.Outbox = (*DB)(nil)

// Pending implements [application.Outbox].
func (d *DB) Pending(ctx context.Context, limit int) ([]application.Outgoing, error) {
	rows, err := d.reads.QueryContext(ctx, "SELECT position, event_id, payload, trace FROM outbox ORDER BY position LIMIT ?", limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var pending []application.Outgoing
	for rows.Next() {
		var event application.Outgoing
		var trace string
		if err := rows.Scan(&event.Position, &event.EventID, &event.Payload, &trace); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(trace), &event.Trace); err != nil {
			return nil, fmt.Errorf("trace of event %s: %w", event.EventID, err)
		}
		pending = append(pending, event)
	}
	return pending, rows.Err()
}

// Published implements [application.Outbox].
func (d *DB) Published(ctx context.Context, position int64) error {
	_, err := d.writes.ExecContext(ctx, "DELETE FROM outbox WHERE position <= ?", position)
	return err
}

// Waiting returns how many events are not published.
func (d *DB) Waiting(ctx context.Context) (n int64, err error) {
	err = d.reads.QueryRowContext(ctx, "SELECT count(*) FROM outbox").Scan(&n)
	return n, err
}
