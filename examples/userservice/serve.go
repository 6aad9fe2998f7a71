package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/millstream-go/millstream/examples/internal/app"
	"github.com/millstream-go/millstream/examples/userservice/internal/infrastructure/sqlite"
)

// serve runs the service until ctx ends.
func (c *command) serve(ctx context.Context) (err error) {
	shutdown, err := app.Telemetry(ctx, c.service(), c.Stderr)
	if err != nil {
		return err
	}
	defer shutdown()
	// First of all what is most likely to fail.
	listener, err := app.Listen(ctx, c.listen)
	if err != nil {
		return unlessEnded(ctx, err)
	}
	defer listener.Close()
	client, stop, err := app.Connect(ctx, c.redisURL, c.Stderr)
	if err != nil {
		return unlessEnded(ctx, err)
	}
	defer stop()
	file, remove, err := c.file()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	db, err := sqlite.Open(ctx, file)
	if err != nil {
		return unlessEnded(ctx, fmt.Errorf("%w: -db takes a file in a directory that this user may write to", err))
	}
	defer func() { err = errors.Join(err, db.Close()) }()

	s := &system{command: c, client: client, db: db, logger: app.Logger(c.Stderr, slog.LevelInfo)}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := s.compose(ctx); err != nil {
		return unlessEnded(ctx, err)
	}
	c.greet(listener.Addr(), file)
	return s.run(ctx, listener)
}

// unlessEnded returns why the service could not start: that it was told to end meanwhile is
// no error.
func unlessEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// service is the name of the process in traces.
func (c *command) service() string {
	if c.role == roleAll {
		return "userservice"
	}
	return "userservice-" + c.role
}

// file returns the name of the database, and how to get rid of it if nobody wants to keep it.
func (c *command) file() (name string, remove func() error, err error) {
	if c.db != "" {
		return c.db, func() error { return nil }, nil
	}
	dir, err := os.MkdirTemp("", "userservice-")
	if err != nil {
		return "", nil, fmt.Errorf("make a temporary database: %w", err)
	}
	return filepath.Join(dir, "users.db"), func() error { return os.RemoveAll(dir) }, nil
}

// greet says what is where.
func (c *command) greet(address net.Addr, file string) {
	page := "http://" + address.String()
	if c.role == roleWorkers {
		fmt.Fprintf(c.Stdout, "working; %s/health tells how it is, %s/mails what was sent\n", page, page)
		return
	}
	fmt.Fprintf(c.Stdout, "open %s/ and watch users register; register one there or by\n", page)
	fmt.Fprintf(c.Stdout, "  curl -H 'Content-Type: application/json' -d '{\"name\":\"Ada\",\"email\":\"ada@example.com\"}' %s/users\n", page)
	fmt.Fprintf(c.Stdout, "see also %s/users /analytics /health", page)
	if c.role == roleAll {
		fmt.Fprint(c.Stdout, " /mails")
	}
	fmt.Fprintln(c.Stdout)
	if c.db == "" {
		fmt.Fprintf(c.Stdout, "users are kept in %s, which is removed at the end; -db FILE keeps them\n", file)
	}
	fmt.Fprintln(c.Stdout, "Ctrl-C ends it")
}

// together runs all parts until the first one fails, or ctx ends and so do they.
func together(ctx context.Context, parts ...func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var running sync.WaitGroup
	errs := make([]error, len(parts))
	for i, part := range parts {
		running.Go(func() {
			// One that ends takes the others along.
			defer cancel()
			errs[i] = part(ctx)
		})
	}
	running.Wait()
	return errors.Join(errs...)
}

// closers are closed in reverse.
type closers []io.Closer

func (c closers) close() error {
	var errs []error
	for _, closer := range slices.Backward(c) {
		errs = append(errs, closer.Close())
	}
	return errors.Join(errs...)
}
