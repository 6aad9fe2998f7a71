package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/internal/app"
	"github.com/millstream-go/millstream/examples/internal/web"
	"github.com/millstream-go/millstream/examples/tasks/internal/find"
	"github.com/millstream-go/millstream/examples/tasks/internal/flow"
	"github.com/millstream-go/millstream/examples/tasks/internal/index"
	"github.com/millstream-go/millstream/examples/tasks/internal/task"
	"github.com/millstream-go/millstream/pipeline"
)

// indexer keeps an index current.
type indexer struct {
	index  *index.Index
	client *redis.Client
	logger *slog.Logger
	flow   flow.Flow

	applied, passedOver atomic.Int64
}

// index runs an index, and its search.
func (c *command) index(ctx context.Context) (err error) {
	logger := app.Logger(c.Stderr, slog.LevelWarn)
	client, end, err := app.Begin(ctx, "tasks-index-"+c.from, c.redisURL, c.Stderr)
	if err != nil {
		return err
	}
	defer end()
	kept, fresh, err := index.Open(filepath.Join(c.data, indexPrefix+c.from))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kept.Close()) }()
	x := &indexer{index: kept, client: client, logger: logger}
	live, err := flow.Live(client)
	if err != nil {
		return err
	}
	x.flow = flow.New(x.apply, live, logger)
	if c.from == fromStreams {
		return c.follow(ctx, x, fresh)
	}
	return c.hear(ctx, x)
}

// apply brings an event to the index.
func (x *indexer) apply(ctx context.Context, e task.Event) error {
	applied, err := x.index.Apply(ctx, e)
	switch {
	case err != nil:
		return err
	case applied:
		x.applied.Add(1)
	default:
		x.passedOver.Add(1)
	}
	return nil
}

// rebuild makes the index anew of all events in the stream.
func (x *indexer) rebuild(ctx context.Context) (int, error) {
	has, err := x.index.Count(ctx)
	if err != nil {
		return 0, err
	}
	return x.index.Rebuild(ctx, func(ctx context.Context, apply func([]task.Event) error) error {
		events := 0
		err := flow.Replay(ctx, x.client, x.flow.Events, func(some []task.Event) error {
			events += len(some)
			return apply(some)
		})
		if err == nil && events == 0 && has > 0 {
			return fmt.Errorf("%w: the stream has none", task.ErrNoHistory)
		}
		return err
	})
}

func (x *indexer) stats() map[string]any {
	return map[string]any{"applied": x.applied.Load(), "passed_over": x.passedOver.Load()}
}

// follow keeps an index current as a stage of the pipeline.
func (c *command) follow(ctx context.Context, x *indexer, fresh bool) error {
	durable, err := flow.Durable(x.client, x.logger)
	if err != nil {
		return err
	}
	if fresh {
		// The group may be further than an index that was lost and is made again.
		_, err := x.rebuild(ctx)
		switch {
		case errors.Is(err, task.ErrNoHistory):
			x.logger.WarnContext(ctx, "the index may lack what happened before it was made", "err", err)
		case ctx.Err() != nil:
			return nil // Ctrl-C: the next process does it
		case err != nil:
			return err
		}
	}
	return c.search(ctx, x, x.stats, web.Checks{"redis": ping(x.client)}, func(ctx context.Context) error {
		return x.flow.Run(ctx, durable, pipeline.Only(flow.Index))
	})
}

// errNotListening is of a listener whose connection is broken.
var errNotListening = errors.New("not listening")

// hear keeps an index current by what is published on the channels while it listens.
func (c *command) hear(ctx context.Context, x *indexer) (err error) {
	l, err := flow.NewListener(x.client, x.apply, x.flow.PoisonTopic(), x.logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	stats := func() map[string]any {
		all, heard := x.stats(), l.Stats()
		all["received"], all["held"], all["lost"] = heard.Received, heard.Held, heard.Lost.Total()
		all["gaps"], all["gap_seconds"] = heard.Gaps, heard.GapTime.Seconds()
		return all
	}
	listening := func(context.Context) error {
		if l.Stats().Down > 0 {
			return errNotListening
		}
		return nil
	}
	return c.search(ctx, x, stats, web.Checks{"redis": ping(x.client), "channels": listening}, func(ctx context.Context) error {
		return l.Run(ctx)
	}, l.Running())
}

// search serves the search while run keeps the index current, from when all of ready are
// closed.
func (c *command) search(ctx context.Context, x *indexer, stats func() map[string]any, checks web.Checks,
	run func(context.Context) error, ready ...<-chan struct{},
) error {
	handler := find.New(find.Config{Index: x.index, Rebuild: x.rebuild, Stats: stats, Checks: checks, Logger: x.logger})
	return together(ctx, run, func(ctx context.Context) error {
		for _, r := range ready {
			select {
			case <-r:
			case <-ctx.Done():
				return nil
			}
		}
		listener, err := c.listen(ctx)
		if err != nil {
			return err
		}
		return app.Serve(ctx, listener, handler)
	})
}
