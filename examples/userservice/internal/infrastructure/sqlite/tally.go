package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/millstream-go/millstream/examples/userservice/internal/application"
)

var _ application.Tally = (*DB)(nil)

// Add implements [application.Tally].
func (d *DB) Add(ctx context.Context, eventID, day, domain string) error {
	err := d.write(ctx, func(tx *sql.Tx) error {
		marked, err := tx.ExecContext(ctx, "INSERT INTO counted (event_id) VALUES (?) ON CONFLICT DO NOTHING", eventID)
		if err != nil {
			return err
		}
		if n, err := marked.RowsAffected(); err != nil || n == 0 {
			return err // it is counted
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO counts (day, domain, users) VALUES (?, ?, 1)
			ON CONFLICT DO UPDATE SET users = users + 1`, day, domain)
		return err
	})
	if err != nil {
		return fmt.Errorf("count event %s: %w", eventID, err)
	}
	return nil
}

// Counts implements [application.Tally].
func (d *DB) Counts(ctx context.Context, limit int) (counts []application.Count, total int64, err error) {
	// One transaction, so that the counts and their sum are of one moment.
	tx, err := d.reads.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, 0, fmt.Errorf("read counts: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // it only read
	if err := tx.QueryRowContext(ctx, "SELECT coalesce(sum(users), 0) FROM counts").Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("read counts: %w", err)
	}
	rows, err := tx.QueryContext(ctx, "SELECT day, domain, users FROM counts ORDER BY day DESC, users DESC, domain LIMIT ?", limit)
	if err != nil {
		return nil, 0, fmt.Errorf("read counts: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var c application.Count
		if err := rows.Scan(&c.Day, &c.Domain, &c.Users); err != nil {
			return nil, 0, fmt.Errorf("read counts: %w", err)
		}
		counts = append(counts, c)
	}
	return counts, total, rows.Err()
}

// Counted returns the ids of all events that are counted.
func (d *DB) Counted(ctx context.Context) ([]string, error) {
	rows, err := d.reads.QueryContext(ctx, "SELECT event_id FROM counted ORDER BY event_id")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}
