package steady

import (
	"context"
	"time"

	"github.com/millstream-go/millstream/internal/pause"
)

// clock waits more precisely than the timers of Go, which on some systems are up to a
// millisecond late: longer than what a message takes. Its methods may not be called
// concurrently.
type clock struct{ ticker }

// precise is how long before its end a wait is left to the system's clock, which may not
// end with a context.
const precise = 2 * time.Millisecond

func newClock() (clock, error) {
	t, err := newTicker()
	return clock{t}, err
}

// until returns at a time, or when ctx has ended.
func (c clock) until(ctx context.Context, t time.Time) error {
	if d := time.Until(t) - precise; d > 0 {
		if err := wait(ctx, d); err != nil {
			return err
		}
	}
	for d := time.Until(t); d > 0 && ctx.Err() == nil; d = time.Until(t) {
		if err := c.nap(ctx, d); err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

// wait waits by a timer of Go.
func wait(ctx context.Context, d time.Duration) error {
	if pause.For(ctx, nil, d) {
		return nil
	}
	return context.Cause(ctx)
}
