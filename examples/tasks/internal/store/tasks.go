package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/millstream-go/millstream/examples/tasks/internal/task"
)

// Create keeps a new task.
func (s *Store) Create(ctx context.Context, draft task.Draft) (task.Task, error) {
	id, err := uuid.NewV7() // later tasks have higher ids, so a list is in the order of creation
	if err != nil {
		return task.Task{}, err
	}
	now := now()
	t := task.Task{ID: id.String(), Version: 1, Draft: draft, CreatedAt: now, UpdatedAt: now}
	err = s.write(ctx, func(tx *sql.Tx) error {
		if err := put(ctx, tx, t); err != nil {
			return err
		}
		return s.tell(ctx, tx, task.Created, t)
	})
	return s.done(t, err, "create")
}

// Update changes a task that has the version, or any with task.AnyVersion. The error wraps
// task.ErrNotFound, or task.ErrChanged if the task has another version, and then the task
// is returned as it is.
func (s *Store) Update(ctx context.Context, id string, version int64, draft task.Draft) (task.Task, error) {
	var t task.Task
	err := s.write(ctx, func(tx *sql.Tx) (err error) {
		if t, err = current(ctx, tx, id, version); err != nil {
			return err
		}
		t.Draft, t.UpdatedAt = draft, now()
		t.Version++
		if err := put(ctx, tx, t); err != nil {
			return err
		}
		return s.tell(ctx, tx, task.Updated, t)
	})
	return s.done(t, err, "update")
}

// Delete deletes a task that has the version, or any with task.AnyVersion. Its errors are those
// of Update.
func (s *Store) Delete(ctx context.Context, id string, version int64) (task.Task, error) {
	var t task.Task
	err := s.write(ctx, func(tx *sql.Tx) (err error) {
		if t, err = current(ctx, tx, id, version); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM tasks WHERE id = ?`, id); err != nil {
			return err
		}
		t.UpdatedAt = now()
		t.Version++
		return s.tell(ctx, tx, task.Deleted, t)
	})
	return s.done(t, err, "delete")
}

// Get returns a task. The error wraps task.ErrNotFound.
func (s *Store) Get(ctx context.Context, id string) (task.Task, error) {
	t, err := scan(s.db.QueryRowContext(ctx, `SELECT task FROM tasks WHERE id = ?`, id))
	return t, wrap(err, "get")
}

// List returns tasks in the order of their creation.
func (s *Store) List(ctx context.Context, f task.Filter) ([]task.Task, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT task FROM tasks WHERE id > ? AND (? = '' OR status = ?) ORDER BY id LIMIT ?`,
		f.After, f.Status, f.Status, f.Limit)
	if err != nil {
		return nil, wrap(err, "list")
	}
	defer rows.Close()
	tasks := []task.Task{}
	for rows.Next() {
		t, err := scan(rows)
		if err != nil {
			return nil, wrap(err, "list")
		}
		tasks = append(tasks, t)
	}
	return tasks, wrap(rows.Err(), "list")
}

// Count returns how many tasks there are.
func (s *Store) Count(ctx context.Context) (n int64, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT count(*) FROM tasks`).Scan(&n)
	return n, wrap(err, "count")
}

// current returns a task that is to be changed.
func current(ctx context.Context, tx *sql.Tx, id string, version int64) (task.Task, error) {
	t, err := scan(tx.QueryRowContext(ctx, `SELECT task FROM tasks WHERE id = ?`, id))
	if err == nil && version != task.AnyVersion && t.Version != version {
		err = task.ErrChanged
	}
	return t, err
}

func put(ctx context.Context, tx *sql.Tx, t task.Task) error {
	data, err := json.Marshal(t)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT OR REPLACE INTO tasks (id, version, status, task) VALUES (?, ?, ?, ?)`,
		t.ID, t.Version, t.Status, string(data))
	return err
}

func scan(row interface{ Scan(...any) error }) (t task.Task, err error) {
	var data string
	switch err := row.Scan(&data); {
	case errors.Is(err, sql.ErrNoRows):
		return t, task.ErrNotFound
	case err != nil:
		return t, err
	}
	return t, json.Unmarshal([]byte(data), &t)
}

// done has those who wait for events look, once there are some for all to see.
func (s *Store) done(t task.Task, err error, what string) (task.Task, error) {
	if err != nil {
		return t, wrap(err, what)
	}
	select {
	case s.changed <- struct{}{}:
	default:
	}
	return t, nil
}

func wrap(err error, what string) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// now is in UTC and of whole milliseconds, as JSON has it again.
func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }
