package pipeline_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"

	"github.com/millstream-go/millstream/pipeline"
)

// busy expects that something is left to do.
func busy(t *testing.T, p *pipeline.Pipeline, d durable) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 120*time.Millisecond)
	defer cancel()
	if err := p.WaitIdle(ctx, d); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("WaitIdle: %v, want %v", err, context.DeadlineExceeded)
	}
}

func TestWaitIdleWaitsForWhatNobodyHasReadYet(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	in := pipeline.Source[int](p, "in")
	pipeline.Sink(in, "out", discard)
	awaitIdle(t, p, d) // there are no topics yet
	publish(t, in, d, 1)
	busy(t, p, d)
	runUntilIdle(t, p, d)
	awaitIdle(t, p, d) // although nothing runs
}

func TestWaitIdleWaitsForHandlersInOtherProcesses(t *testing.T) {
	t.Parallel()
	p, d, elsewhere := newPipeline(t), newDurable(t), newDurable(t)
	in := pipeline.Source[int](p, "in")
	working, finish := make(chan struct{}), make(chan struct{})
	pipeline.Sink(in, "out", func(context.Context, int) error {
		close(working)
		<-finish
		return nil
	})
	publish(t, in, d, 1)
	start(t, p, elsewhere)
	receive(t, "the handler to begin", working)
	busy(t, p, d)
	close(finish)
	awaitIdle(t, p, d)
}

func TestWaitIdleWaitsForWhatIsPutAside(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	in := pipeline.Source[int](p, "in")
	calls := 0
	out := pipeline.Stage(in, "later", func(_ context.Context, n int) (int, error) {
		if calls++; calls == 1 {
			return 0, pipeline.RetryAfter(400 * time.Millisecond)
		}
		return n, nil
	})
	publish(t, in, d, 1)
	start(t, p, d)
	busy(t, p, d)
	awaitIdle(t, p, d)
	equal(t, "outputs", payloads(t, d, out), "1")
}

func TestWaitIdleEndsWithItsContext(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	in := pipeline.Source[int](p, "in")
	pipeline.Sink(in, "out", discard)
	publish(t, in, d, 1)
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(20*time.Millisecond, func() { cancel(errRefused) })
	if err := p.WaitIdle(ctx, d); !errors.Is(err, errRefused) {
		t.Errorf("WaitIdle: %v, want the cause", err)
	}
}

func TestWaitIdleSaysWhenTheTransportCannotTell(t *testing.T) {
	channel := gochannel.NewGoChannel(gochannel.Config{}, nil)
	defer channel.Close()
	p := newPipeline(t)
	pipeline.Sink(pipeline.Source[int](p, "in"), "out", discard)
	if err := p.WaitIdle(t.Context(), onChannel(channel)); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("WaitIdle: %v, want %v", err, errors.ErrUnsupported)
	}
}

// unreachable is a transport that cannot tell for a while.
type unreachable struct {
	pipeline.Transport
	until time.Time
}

func (u unreachable) Idle(context.Context, []pipeline.Subscription) (bool, error) {
	if time.Now().Before(u.until) {
		return false, errRefused
	}
	return true, nil
}

func TestWaitIdleBearsWithAnOutageButNotForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipeline(t)
		pipeline.Sink(pipeline.Source[int](p, "in"), "out", discard)
		begun := time.Now()
		if err := p.WaitIdle(t.Context(), unreachable{until: begun.Add(20 * time.Second)}); err != nil {
			t.Errorf("WaitIdle in a short outage: %v", err)
		}
		begun = time.Now()
		if err := p.WaitIdle(t.Context(), unreachable{until: begun.Add(time.Hour)}); !errors.Is(err, errRefused) {
			t.Errorf("WaitIdle in a long outage: %v", err)
		}
		if waited := time.Since(begun); waited < 30*time.Second || waited > time.Minute {
			t.Errorf("it waited %v", waited)
		}
	})
}

func TestWaitIdleNeverReturnsEarly(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t, pipeline.Concurrency(4)), newDurable(t)
	in := pipeline.Source[int](p, "in")
	out := in
	for _, name := range []string{"one", "two", "three", "four"} {
		out = pipeline.Stage(out, name, same)
	}
	start(t, p, d)
	rounds, messages := 40, 50
	if testing.Short() {
		rounds = 5
	}
	for round := 1; round <= rounds; round++ {
		publish(t, in, d, make([]int, messages)...)
		awaitIdle(t, p, d)
		if got := d.client.XLen(t.Context(), out.Topics()[0]).Val(); got != int64(round*messages) {
			t.Fatalf("round %d: WaitIdle returned with %d outputs, want %d", round, got, round*messages)
		}
	}
}
