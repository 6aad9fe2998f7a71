package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/internal/app"
	"github.com/millstream-go/millstream/examples/tasks/internal/fleet"
	"github.com/millstream-go/millstream/examples/tasks/internal/flow"
	"github.com/millstream-go/millstream/examples/tasks/internal/front"
)

// What is in the data directory.
const (
	storeFile   = "tasks.db"
	indexPrefix = "index-"
)

const defaultAddress = "localhost:8080"

// system is the API and both indexes, each in a process of its own, and their front.
type system struct {
	command *command
	redis   *redis.Client
	dir     string
	url     string // of the front

	api, streams, pubsub *fleet.Worker
	front                *front.Front
}

// system runs the system.
func (c *command) system(ctx context.Context) (err error) {
	client, end, err := app.Begin(ctx, "tasks", c.redisURL, c.Stderr)
	if err != nil {
		return err
	}
	defer end()
	// Before anything is deleted: the port may be that of a run that is at work.
	listener, err := app.Listen(ctx, c.address())
	if err != nil {
		return fmt.Errorf("-http: %w", err)
	}
	s := &system{command: c, redis: client}
	remove, err := s.place(ctx)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() { err = errors.Join(err, remove()) }()
	s.url = "http://" + listener.Addr().String()
	s.hire()
	defer s.front.Close()
	if err := s.start(ctx); err != nil {
		return errors.Join(err, listener.Close(), s.stop())
	}
	err = together(ctx,
		func(ctx context.Context) error { return app.Serve(ctx, listener, s.front.Handler()) },
		func(ctx context.Context) error { s.keep(ctx); return nil },
		s.work,
	)
	// Ctrl-C is how it ends, but not how what was to come to an end by itself does.
	if ctx.Err() != nil && c.chaos {
		err = errors.Join(err, app.ErrInterrupted)
	}
	return errors.Join(err, s.stop())
}

// address returns where to serve. The run that checks the books serves nobody else.
func (c *command) address() string {
	if c.chaos {
		return cmp.Or(c.http, anyPort)
	}
	return cmp.Or(c.http, defaultAddress)
}

// place finds a directory for the data. What is temporary is removed in the end, and so is
// what belongs to it in Redis.
func (s *system) place(ctx context.Context) (remove func() error, err error) {
	c := s.command
	if c.reset {
		if err := s.reset(ctx); err != nil {
			return nil, fmt.Errorf("-reset: %w", err)
		}
	}
	if c.data != "" {
		if s.dir, err = filepath.Abs(c.data); err != nil {
			return nil, fmt.Errorf("-data: %w", err)
		}
		return func() error { return nil }, os.MkdirAll(s.dir, 0o750)
	}
	// What another run left there would be taken for this one's.
	if claimed, err := flow.Claimed(ctx, s.redis); err != nil || claimed {
		return nil, cmp.Or(err, errors.New("this Redis has events of another run: give the -data that belongs to them, or -reset to delete them if that run has ended"))
	}
	if s.dir, err = os.MkdirTemp("", "millstream-tasks-"); err != nil {
		return nil, err
	}
	return func() error {
		err := app.Reset(context.WithoutCancel(ctx), s.redis, flow.Prefix)
		if err != nil {
			err = fmt.Errorf("what this run left in Redis could not be deleted: %w: begin the next one with -reset", err)
		}
		return errors.Join(err, os.RemoveAll(s.dir))
	}, nil
}

// reset deletes what an earlier run left.
func (s *system) reset(ctx context.Context) error {
	if err := app.Reset(ctx, s.redis, flow.Prefix); err != nil || s.command.data == "" {
		return err
	}
	var failures []error
	for _, pattern := range []string{storeFile + "*", indexPrefix + "*"} {
		found, err := filepath.Glob(filepath.Join(s.command.data, pattern))
		failures = append(failures, err)
		for _, name := range found {
			failures = append(failures, os.RemoveAll(name))
		}
	}
	return errors.Join(failures...)
}

// hire says which processes there are to be.
func (s *system) hire() {
	// The URL may have a password, which is no business of those who list processes.
	env := []string{"REDIS_URL=" + cmp.Or(s.command.redisURL, "redis://"+s.redis.Options().Addr)}
	worker := func(name string, args ...string) *fleet.Worker {
		return fleet.New(name, append(args, "-data", s.dir), env, s.command.Stderr)
	}
	s.api = worker("api", roleAPI)
	s.streams = worker(fromStreams, roleIndex, "-from", fromStreams)
	s.pubsub = worker(fromPubSub, roleIndex, "-from", fromPubSub)
	s.front = front.New(app.Logger(s.command.Stderr, slog.LevelWarn), s.api, s.streams, s.pubsub)
}

func (s *system) workers() []*fleet.Worker { return []*fleet.Worker{s.api, s.streams, s.pubsub} }

// start starts all processes, the API first: who listens to channels hears nothing before.
func (s *system) start(ctx context.Context) error {
	for _, w := range s.workers() {
		if err := w.Start(ctx); err != nil {
			return err
		}
	}
	return nil
}

// keep has processes that end by themselves start again, until ctx ends.
func (s *system) keep(ctx context.Context) {
	var keeping sync.WaitGroup
	defer keeping.Wait()
	for _, w := range s.workers() {
		keeping.Go(func() { w.Keep(ctx, s.say) })
	}
}

// stop ends all processes.
func (s *system) stop() error {
	var failures []error
	for _, w := range s.workers() {
		failures = append(failures, w.Stop())
	}
	return errors.Join(failures...)
}

// work is what the system is started for, beside serving.
func (s *system) work(ctx context.Context) error {
	c := s.command
	s.say("The tasks API and two indexes of its tasks run, each a process, behind %s:\n"+
		"one index hears the API's events on Redis Pub/Sub channels, the other reads them from a stream.\n", s.url)
	switch {
	case c.chaos:
		err := s.chaos(ctx)
		if ctx.Err() != nil && !errors.Is(err, errBooks) {
			return nil // Ctrl-C, which the caller tells
		}
		return err
	case c.demo && c.role == "":
		if err := s.demonstrate(ctx); err != nil {
			if ctx.Err() != nil {
				return nil // Ctrl-C
			}
			return err
		}
	default:
		s.say("There is no demonstration. Tasks are in %s%s.", s.dir, s.kept())
	}
	s.invite(ctx)
	<-ctx.Done()
	return nil
}

// kept says how long the directory is there.
func (s *system) kept() string {
	if s.command.data == "" {
		return ", which is removed at the end"
	}
	return ""
}

// say writes a line for whoever watches.
func (s *system) say(format string, values ...any) {
	fmt.Fprintf(s.command.Stdout, format+"\n", values...)
}
