package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/millstream-go/millstream/examples/internal/app"
	"github.com/millstream-go/millstream/examples/tasks/internal/fleet"
	"github.com/millstream-go/millstream/examples/tasks/internal/flow"
	"github.com/millstream-go/millstream/examples/tasks/internal/front"
	"github.com/millstream-go/millstream/internal/pause"
	"github.com/millstream-go/millstream/pipeline"
)

// settleTimeout is how long things may take that are bound to happen.
const settleTimeout = time.Minute

// pollPause is how long until it is looked again whether they have. To look is to read all
// tasks from three processes.
const pollPause = 100 * time.Millisecond

// await waits until indexes do not differ from the store, and would not after a crash.
func (s *system) await(ctx context.Context, indexes ...*fleet.Worker) error {
	return poll(ctx, "an index still differs from the store", func() (bool, error) {
		stats, err := s.front.Stats(ctx)
		return err == nil && settled(stats, indexes), err
	})
}

// poll waits until something is so.
func poll(ctx context.Context, otherwise string, so func() (bool, error)) error {
	for deadline := time.Now().Add(settleTimeout); ; {
		is, err := so()
		switch {
		case is:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case time.Now().After(deadline):
			return errors.Join(fmt.Errorf("after %v %s", settleTimeout, otherwise), err)
		}
		pause.For(ctx, nil, pollPause)
	}
}

// announced waits until all events have been published on channels.
func (s *system) announced(ctx context.Context) error {
	durable, err := flow.Durable(s.redis, app.Logger(s.command.Stderr, slog.LevelWarn))
	if err != nil {
		return err
	}
	stage := []pipeline.Subscription{{Topic: flow.Prefix + "events", Group: flow.Announce}}
	return poll(ctx, "an event still waits to be published", func() (bool, error) {
		var stats struct{ Outbox int }
		if err := s.front.API(ctx, "/stats", &stats); err != nil || stats.Outbox > 0 {
			return false, err
		}
		return durable.Idle(ctx, stage)
	})
}

func settled(stats front.Stats, indexes []*fleet.Worker) bool {
	if stats.Store.Outbox > 0 {
		return false
	}
	for _, w := range indexes {
		x := stats.Indexes[w.Name()]
		if x.Differences == nil || x.Differences.Wrong() > 0 {
			return false
		}
		// What is found may not be on disk yet. On a stream it would come again after a crash;
		// what was heard on a channel would not.
		if held, ok := x.Process["held"].(float64); ok && held > 0 {
			return false
		}
	}
	return true
}
