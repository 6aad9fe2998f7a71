package store

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"net/url"

	"github.com/google/uuid"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

//go:embed schema.sql
var schema string

// Store keeps tasks in a file. Its methods may be called concurrently, and several
// processes may have the same file open.
type Store struct {
	db      *sql.DB
	id      string
	changed chan struct{}
	carry   func(context.Context) map[string]string
}

// Open opens the store in the file, or makes it. carry returns what is to go along with
// the event of a change that is made with the context; it may be nil.
func Open(ctx context.Context, file string, carry func(context.Context) map[string]string) (*Store, error) {
	if carry == nil {
		carry = func(context.Context) map[string]string { return nil }
	}
	db, err := sql.Open("sqlite", source(file))
	if err != nil {
		return nil, fmt.Errorf("open the store: %w", err)
	}
	s := &Store{db: db, changed: make(chan struct{}, 1), carry: carry}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open the store in %s: %w", file, err), db.Close())
	}
	return s, nil
}

// source returns the data source name. Writers take turns from the beginning of their
// transactions, so that none fails half-way, and a transaction that has ended survives
// power failure.
func source(file string) string {
	settings := url.Values{
		"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(10000)"},
		"_txlock": {"immediate"},
	}
	return (&url.URL{Scheme: "file", Opaque: url.PathEscape(file), RawQuery: settings.Encode()}).String()
}

func (s *Store) prepare(ctx context.Context) error {
	if _, err := s.db.ExecContext(ctx, schema); err != nil {
		return err
	}
	if _, err := s.db.ExecContext(ctx, `INSERT OR IGNORE INTO identity VALUES (1, ?)`, uuid.NewString()); err != nil {
		return err
	}
	return s.db.QueryRowContext(ctx, `SELECT id FROM identity`).Scan(&s.id)
}

// ID tells this store from all others.
func (s *Store) ID() string { return s.id }

// Changed has something when events have come into the outbox since it was read last.
func (s *Store) Changed() <-chan struct{} { return s.changed }

// Ping reports whether the store can be read.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return s.db.QueryRowContext(ctx, `SELECT 1`).Scan(&one)
}

// Close closes the file.
func (s *Store) Close() error { return s.db.Close() }

// write runs change in a transaction.
func (s *Store) write(ctx context.Context, change func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // it does nothing after a commit
	if err := change(tx); err != nil {
		return err
	}
	return tx.Commit()
}
