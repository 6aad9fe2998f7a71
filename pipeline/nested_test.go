package pipeline_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	wm "github.com/ThreeDotsLabs/watermill/message/router/middleware"

	"github.com/millstream-go/millstream/internal/commit"
	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
)

// A Retry in Use is inside that of the chain: the smaller number of attempts holds.
func TestARetryInUseGivesUpInsideThatOfTheChain(t *testing.T) {
	inBubble(t, streams.Config{}, func(t *testing.T, d durable) {
		p := newPipeline(t)
		numbers := pipeline.Source[int](p, "numbers")
		var calls atomic.Int64
		pipeline.Sink(numbers, "fail", func(context.Context, int) error {
			calls.Add(1)
			return errors.New("no")
		}, pipeline.Use(middleware.Retry{MaxAttempts: 5}.Middleware))
		publish(t, numbers, d, 1)
		runForMinutes(t, p, d)
		if calls.Load() != 5 {
			t.Errorf("%d calls, want 5", calls.Load())
		}
		if n := len(d.poison(t, p)); n != 1 {
			t.Errorf("%d messages were poisoned, want 1", n)
		}
	})
}

// waitAt is a limiter that has one of its callers wait.
type waitAt struct {
	call  int64
	wait  time.Duration
	calls atomic.Int64
}

func (w *waitAt) Take(context.Context, string) (time.Duration, error) {
	if w.calls.Add(1) == w.call {
		return w.wait, nil
	}
	return 0, nil
}

// Other middleware outside of ours may call again a message that was to be put aside:
// what comes of it then is what counts.
func TestAMessageThatIsCalledAgainAfterAllIsNotPutAside(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	var calls atomic.Int64
	limit := middleware.RateLimit{Limiter: &waitAt{call: 1, wait: time.Hour}, Key: func(*message.Message) string { return "k" }}
	out := pipeline.Stage(numbers, "limited", func(_ context.Context, n int) (int, error) {
		calls.Add(1)
		return n, nil
	}, pipeline.Use(wm.Retry{MaxRetries: 3, InitialInterval: time.Millisecond}.Middleware, limit.Middleware))
	publish(t, numbers, d, 1)
	runUntilIdle(t, p, d)
	equal(t, "outputs", payloads(t, d, out), "1")
	if calls.Load() != 1 {
		t.Errorf("%d calls, want 1", calls.Load())
	}
}

// A wait that does not count brings a message back to its first attempt; what was noted
// of its failures goes with it all the same.
func TestNothingIsLeftOfTheHistoryOfAMessageThatIsDone(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	var calls atomic.Int64
	limit := middleware.RateLimit{Limiter: &waitAt{call: 2, wait: 200 * time.Millisecond}, Key: func(*message.Message) string { return "k" }}
	out := pipeline.Stage(numbers, "fail", func(_ context.Context, n int) (int, error) {
		if calls.Add(1) == 1 {
			return 0, errors.New("once")
		}
		return n, nil
	}, pipeline.Chain(func(c *middleware.Chain) {
		c.Retry = middleware.Retry{HoldUpTo: -1, MaxInterval: time.Millisecond}.Middleware
		c.RateLimit = limit.Middleware
	}))
	publish(t, numbers, d, 1)
	runUntilIdle(t, p, d)
	equal(t, "outputs", payloads(t, d, out), "1")
	if d.client.Exists(t.Context(), commit.UnfinishedKey(numbers.Topics()[0], "fail")).Val() != 0 {
		t.Error("a note is left")
	}
}
