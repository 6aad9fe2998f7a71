package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"

	"github.com/millstream-go/millstream/examples/userservice/internal/application"
	"github.com/millstream-go/millstream/examples/userservice/internal/domain"
)

var _ application.Users = (*DB)(nil)

// Save implements [application.Users]. The trace of ctx goes along with the event.
func (d *DB) Save(ctx context.Context, user domain.User, event domain.UserRegistered) error {
	payload, err := json.Marshal(event)
	if err != nil {
		return fmt.Errorf("save a user: %w", err)
	}
	trace := propagation.MapCarrier{}
	otel.GetTextMapPropagator().Inject(ctx, trace)
	carried, err := json.Marshal(trace)
	if err != nil {
		return fmt.Errorf("save a user: %w", err)
	}
	taken := false
	err = d.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO users (id, name, email, registered_at) VALUES (?, ?, ?, ?)",
			user.ID, user.Name, user.Email.String(), user.RegisteredAt.UTC().Format(timeFormat))
		if err != nil {
			taken = isTaken(err)
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO outbox (event_id, payload, trace) VALUES (?, ?, ?)", event.EventID, payload, string(carried))
		return err
	})
	switch {
	case taken:
		return application.ErrEmailTaken
	case isBusy(err):
		return fmt.Errorf("save a user: %w: %w", application.ErrBusy, err)
	case err != nil:
		return fmt.Errorf("save a user: %w", err)
	default:
		return nil
	}
}

const columns = "SELECT position, id, name, email, registered_at FROM users "

// ByID implements [application.Users].
func (d *DB) ByID(ctx context.Context, id string) (domain.User, error) {
	user, _, err := scan(d.reads.QueryRowContext(ctx, columns+"WHERE id = ?", id))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return domain.User{}, application.ErrNoUser
	case err != nil:
		return domain.User{}, fmt.Errorf("read a user: %w", err)
	default:
		return user, nil
	}
}

// Page implements [application.Users].
func (d *DB) Page(ctx context.Context, before int64, limit int) (users []domain.User, next int64, err error) {
	rows, err := d.reads.QueryContext(ctx, columns+"WHERE ?1 = 0 OR position < ?1 ORDER BY position DESC LIMIT ?2", before, limit+1)
	if err != nil {
		return nil, 0, fmt.Errorf("list users: %w", err)
	}
	defer rows.Close()
	var last int64
	for rows.Next() {
		user, position, err := scan(rows)
		if err != nil {
			return nil, 0, fmt.Errorf("list users: %w", err)
		}
		if len(users) == limit {
			next = last // there is more
			break
		}
		users, last = append(users, user), position
	}
	if err := rows.Err(); err != nil {
		return nil, 0, fmt.Errorf("list users: %w", err)
	}
	return users, next, nil
}

// scan reads the row of a user.
func scan(row interface{ Scan(...any) error }) (user domain.User, position int64, err error) {
	var email, at string
	if err := row.Scan(&position, &user.ID, &user.Name, &email, &at); err != nil {
		return domain.User{}, 0, err
	}
	if user.Email, err = domain.ParseEmail(email); err != nil {
		return domain.User{}, 0, err
	}
	user.RegisteredAt, err = time.Parse(timeFormat, at)
	return user, position, err
}
