package pipeline_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/pipeline"
)

// counted returns middleware that counts its calls.
func counted(n *atomic.Int64) message.HandlerMiddleware {
	return func(next message.HandlerFunc) message.HandlerFunc {
		return func(msg *message.Message) ([]*message.Message, error) {
			n.Add(1)
			return next(msg)
		}
	}
}

// What a stage says about its chain comes after what the pipeline says.
func TestPartsOfTheChainAreSetForAllStagesOrForOne(t *testing.T) {
	t.Parallel()
	var everywhere, here, inside atomic.Int64
	p, d := newPipeline(t, pipeline.Chain(func(c *middleware.Chain) {
		c.Timeout, c.RateLimit = counted(&everywhere), counted(&everywhere)
	})), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	once := pipeline.Stage(numbers, "once", same)
	out := pipeline.Stage(once, "twice", same, pipeline.Use(counted(&inside)), pipeline.Chain(func(c *middleware.Chain) {
		if c.Timeout == nil || c.Retry == nil || c.PoisonQueue == nil {
			t.Error("the chain is not that of the pipeline")
		}
		c.Timeout = nil
		c.RateLimit = counted(&here)
	}))
	publish(t, numbers, d, 1)
	runUntilIdle(t, p, d)
	equal(t, "outputs", payloads(t, d, out), "1")
	if everywhere.Load() != 2 || here.Load() != 1 || inside.Load() != 1 {
		t.Errorf("the pipeline's parts ran %d times, the stage's %d, that of Use %d", everywhere.Load(), here.Load(), inside.Load())
	}
}

// With a retry of the user's that does not give up and no poison queue, nothing does.
func TestWithoutAPoisonQueueAMessageIsNeverGivenUp(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	var calls atomic.Int64
	pipeline.Sink(numbers, "refuse", func(context.Context, int) error {
		if calls.Add(1) < 4 {
			return pipeline.Permanent(errors.New("never"))
		}
		return nil
	}, pipeline.Chain(func(c *middleware.Chain) { c.PoisonQueue = nil }))
	publish(t, numbers, d, 1)
	runUntilIdle(t, p, d)
	if calls.Load() != 4 || len(d.poison(t, p)) != 0 {
		t.Errorf("%d calls, %d poisoned", calls.Load(), len(d.poison(t, p)))
	}
}

func TestWithoutARetryAFailedMessageComesAgainByTheTransport(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	var attempts []int
	pipeline.Sink(numbers, "fail", func(ctx context.Context, _ int) error {
		if attempts = append(attempts, pipeline.Attempt(ctx)); len(attempts) < 3 {
			return errors.New("not yet")
		}
		return nil
	}, pipeline.Chain(func(c *middleware.Chain) { c.Retry = nil }))
	publish(t, numbers, d, 1)
	runUntilIdle(t, p, d)
	equal(t, "attempts", attempts, 1, 2, 3)
}

// A chain without a Recoverer, and a part that panics: the message comes again.
func TestAPanicThatNobodyRecoversFromLosesNothing(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	var calls atomic.Int64
	out := pipeline.Stage(numbers, "panic", same, pipeline.Chain(func(c *middleware.Chain) {
		*c = middleware.Chain{Timeout: func(next message.HandlerFunc) message.HandlerFunc {
			return func(msg *message.Message) ([]*message.Message, error) {
				if calls.Add(1) == 1 {
					panic("of a part")
				}
				return next(msg)
			}
		}}
	}))
	publish(t, numbers, d, 1)
	runUntilIdle(t, p, d)
	equal(t, "outputs", payloads(t, d, out), "1")
}

// Retry, Dedup and the others on stages that run under one policy: a message that fails
// is not a duplicate of itself, and one that comes twice is handled once.
func TestDedupAndRetryInTheChainOfAStage(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	var calls atomic.Int64
	out := pipeline.Stage(numbers, "once", func(_ context.Context, n int) (int, error) {
		if calls.Add(1) <= 4 {
			return 0, errors.New("not yet")
		}
		return n, nil
	}, pipeline.Chain(func(c *middleware.Chain) {
		c.Retry = middleware.Retry{MaxInterval: 100 * time.Millisecond, HoldUpTo: 60 * time.Millisecond}.Middleware
		c.Dedup = middleware.Dedup{
			Key:          func(msg *message.Message) string { return string(msg.Payload) },
			RecheckAfter: 20 * time.Millisecond,
		}.Middleware
	}))
	publish(t, numbers, d, 7, 7, 7)
	runUntilIdle(t, p, d)
	equal(t, "outputs", payloads(t, d, out), "7")
	if calls.Load() != 5 {
		t.Errorf("%d calls, want 5", calls.Load())
	}
}
