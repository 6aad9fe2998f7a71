package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/internal/app"
	"github.com/millstream-go/millstream/examples/internal/web"
	"github.com/millstream-go/millstream/examples/tasks/internal/flow"
	"github.com/millstream-go/millstream/examples/tasks/internal/rest"
	"github.com/millstream-go/millstream/examples/tasks/internal/store"
	"github.com/millstream-go/millstream/examples/tasks/internal/task"
	"github.com/millstream-go/millstream/pipeline"
)

// anyPort is the address of a part that nobody gave one.
const anyPort = "localhost:0"

// api runs the REST API, and publishes what it changes.
func (c *command) api(ctx context.Context) (err error) {
	logger := app.Logger(c.Stderr, slog.LevelWarn)
	client, end, err := app.Begin(ctx, "tasks-api", c.redisURL, c.Stderr)
	if err != nil {
		return err
	}
	defer end()
	if err := os.MkdirAll(c.data, 0o750); err != nil {
		return fmt.Errorf("-data: %w", err)
	}
	tasks, err := store.Open(ctx, filepath.Join(c.data, storeFile), flow.Carry)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tasks.Close()) }()
	if err := flow.Claim(ctx, client, tasks.ID()); err != nil {
		if errors.Is(err, flow.ErrOtherStore) {
			return fmt.Errorf("%w: give the -data that belongs to it, another -redis, or -reset to delete both", err)
		}
		return err
	}
	listener, err := c.listen(ctx)
	if err != nil {
		return err
	}
	handler := rest.New(tasks, web.Checks{"store": tasks.Ping, "redis": ping(client)}, logger)
	return together(ctx,
		func(ctx context.Context) error { return app.Serve(ctx, listener, handler) },
		func(ctx context.Context) error { return publish(ctx, client, tasks, logger) },
	)
}

// publish takes the events from the outbox into the stream, and from the stream to the
// channels.
func publish(ctx context.Context, client *redis.Client, tasks *store.Store, logger *slog.Logger) error {
	live, err := flow.Live(client)
	if err != nil {
		return err
	}
	durable, err := flow.Durable(client, logger)
	if err != nil {
		return err
	}
	f := flow.New(elsewhere, live, logger)
	relay, err := flow.NewRelay(tasks, client, f.Events, logger)
	if err != nil {
		return err
	}
	return errors.Join(together(ctx,
		func(ctx context.Context) error { relay.Run(ctx); return nil },
		func(ctx context.Context) error { return f.Run(ctx, durable, pipeline.Only(flow.Announce)) },
	), relay.Close())
}

// elsewhere stands for the handler of a stage that does not run in this process.
func elsewhere(context.Context, task.Event) error {
	return errors.New("this stage runs in another process")
}

// listen opens the port, and says which it is.
func (c *command) listen(ctx context.Context) (net.Listener, error) {
	address := c.http
	if address == "" {
		address = anyPort
	}
	listener, err := app.Listen(ctx, address)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(c.Stdout, "%s: http://%s\n", c.role, listener.Addr())
	return listener, nil
}

func ping(client *redis.Client) func(context.Context) error {
	return func(ctx context.Context) error { return client.Ping(ctx).Err() }
}

// together runs parts until ctx ends, or one of them fails, which ends the others.
func together(ctx context.Context, parts ...func(context.Context) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var running sync.WaitGroup
	failures := make([]error, len(parts))
	for i, part := range parts {
		running.Go(func() {
			defer stop()
			failures[i] = part(ctx)
		})
	}
	running.Wait()
	return errors.Join(failures...)
}
