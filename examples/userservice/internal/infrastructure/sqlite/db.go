// Package sqlite keeps users, the outbox and the counts of analytics in one SQLite file,
// which any number of processes of one machine may have open.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

//go:embed migrations/*.sql
var migrations embed.FS

// busyTimeout is how long a write waits for those of others.
const busyTimeout = 10 * time.Second

// readers is how many requests of a process read at once.
const readers = 8

// timeFormat sorts as text.
const timeFormat = "2006-01-02T15:04:05.000Z07:00"

// DB is the database. Its methods may be called concurrently.
type DB struct {
	// reads has connections that read; writes has one, for SQLite lets one write at a time,
	// and those who wait for it here have their turns.
	reads, writes *sql.DB
}

// Open opens the file, makes it if there is none, and brings its tables up to date.
// Whoever opens it closes it.
func Open(ctx context.Context, file string) (*DB, error) {
	d := new(DB)
	for pool, size := range map[**sql.DB]int{&d.reads: readers, &d.writes: 1} {
		var err error
		if *pool, err = sql.Open("sqlite", dsn(file)); err != nil {
			return nil, fmt.Errorf("open the database %q: %w", file, err)
		}
		(*pool).SetMaxOpenConns(size)
		(*pool).SetMaxIdleConns(size)
	}
	if err := d.migrate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open the database %q: %w", file, err), d.Close())
	}
	return d, nil
}

// dsn names the file and how to use it.
func dsn(file string) string {
	options := url.Values{"_pragma": {
		fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()),
		"journal_mode(WAL)", // so that readers and the writer do not wait for each other
		"synchronous(FULL)", // what was answered with 201 outlives a power cut
	}}
	// A transaction that begins by reading could not become a writer while others write.
	options.Set("_txlock", "immediate")
	return "file:" + (&url.URL{Path: file}).EscapedPath() + "?" + options.Encode()
}

// migrate runs the migrations that the file has not seen, each in a transaction of its own.
func (d *DB) migrate(ctx context.Context) error {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	for i, name := range names {
		script, err := migrations.ReadFile(name)
		if err != nil {
			return err
		}
		if err := d.step(ctx, i+1, string(script)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// step runs one migration, unless the file has that version.
func (d *DB) step(ctx context.Context, version int, script string) error {
	return d.write(ctx, func(tx *sql.Tx) error {
		var has int
		if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&has); err != nil || has >= version {
			return err
		}
		_, err := tx.ExecContext(ctx, script+fmt.Sprintf("\nPRAGMA user_version = %d;", version))
		return err
	})
}

// write runs do in a transaction, and undoes it all if that fails.
func (d *DB) write(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := d.writes.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		if rollbackErr := tx.Rollback(); rollbackErr != nil && !errors.Is(rollbackErr, sql.ErrTxDone) {
			err = errors.Join(err, rollbackErr)
		}
		return err
	}
	return tx.Commit()
}

// isTaken reports whether an error says that a value is there that must not be there twice.
func isTaken(err error) bool {
	failure, ok := errors.AsType[*sqlite.Error](err)
	return ok && failure.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE
}

// isBusy reports whether an error says that others write all the time.
func isBusy(err error) bool {
	const kind = 0xff // without the details
	failure, ok := errors.AsType[*sqlite.Error](err)
	return ok && failure.Code()&kind == sqlite3.SQLITE_BUSY
}

// Ping reports whether the database can be read.
func (d *DB) Ping(ctx context.Context) error {
	var one int
	return d.reads.QueryRowContext(ctx, "SELECT count(*) FROM users WHERE position = 0").Scan(&one)
}

// Close closes the file.
func (d *DB) Close() error { return errors.Join(d.reads.Close(), d.writes.Close()) }
