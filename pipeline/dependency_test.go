package pipeline_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
)

// calls are the times at which a handler was called for each value.
type calls struct {
	mu sync.Mutex
	of map[int][]time.Time
}

func (c *calls) add(value int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of = map[int][]time.Time{}
	}
	c.of[value] = append(c.of[value], time.Now())
}

// A dependency that some messages need is away for ten minutes; the others do not.
func TestAnOutageOfADependencyNeitherBlocksNorPoisons(t *testing.T) {
	inBubble(t, streams.Config{KeepHistory: true, IdleTime: time.Hour}, func(t *testing.T, d durable) {
		const needy, others, outage = 1000, 200, 10 * time.Minute
		p := newPipeline(t, pipeline.Concurrency(4))
		numbers := pipeline.Source[int](p, "numbers")
		begun := time.Now()
		var called calls
		out := pipeline.Stage(numbers, "ask", func(_ context.Context, n int) (int, error) {
			called.add(n)
			if n < needy && time.Since(begun) < outage {
				return 0, errors.New("the dependency is away")
			}
			return n, nil
		})
		// A bubble's connections do not buffer: few messages at a time.
		for i := 0; i < needy; i += 5 {
			publish(t, numbers, d, i, i+1, i+2, i+3, i+4)
			publish(t, numbers, d, needy+i/5)
		}
		runForMinutes(t, p, d)

		if n := len(d.messages(t, out.Topics()[0])); n != needy+others {
			t.Errorf("%d outputs, want %d", n, needy+others)
		}
		if n := len(d.poison(t, p)); n != 0 {
			t.Errorf("%d messages were poisoned", n)
		}
		var passed time.Duration
		for n := needy; n < needy+others; n++ {
			if len(called.of[n]) != 1 {
				t.Errorf("%d calls for %d, which did not fail", len(called.of[n]), n)
			}
			passed = max(passed, called.of[n][0].Sub(begun))
		}
		// Each of those beside holds its place for 75 ms on average, at its first delivery.
		if passed > outage/4 {
			t.Errorf("those that do not need it were through after %v", passed)
		}
		most := 0
		for n := range needy {
			most = max(most, len(called.of[n]))
			expectWithinPolicy(t, called.of[n])
		}
		t.Logf("others were through after %v, at most %d attempts at one, the last message after %v",
			passed, most, slices.MaxFunc(called.of[0], time.Time.Compare).Sub(begun))
	})
}

// expectWithinPolicy expects no attempt later than the default policy allows, but
// for a moment, and not more of them.
func expectWithinPolicy(t *testing.T, attempts []time.Time) {
	t.Helper()
	if len(attempts) > middleware.DefaultMaxAttempts {
		t.Errorf("%d attempts", len(attempts))
	}
	bound := middleware.DefaultInitialInterval
	for i := 1; i < len(attempts); i++ {
		// What is due waits its turn among others that are, and for a free place.
		const turn = 30 * time.Second
		if wait := attempts[i].Sub(attempts[i-1]); wait <= 0 || wait > bound+turn {
			t.Errorf("attempt %d came after %v, which is to be %v at most", i+1, wait, bound)
		}
		bound = min(2*bound, middleware.DefaultMaxInterval)
	}
}
