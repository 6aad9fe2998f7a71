package steady

import (
	"context"
	"time"
)

// precise is how long before its end a wait is left to the system's clock.
const precise = 2 * time.Millisecond

// waitUntil returns at a time, or when ctx has ended.
//
// The timers of Go are up to a millisecond late on some systems, which is longer than
// what a message takes, so the end of the wait is not left to them.
func waitUntil(ctx context.Context, t time.Time) error {
	if d := time.Until(t) - precise; d > 0 {
		if err := pause(ctx, d); err != nil {
			return err
		}
	}
	for d := time.Until(t); d > 0 && ctx.Err() == nil; d = time.Until(t) {
		nap(ctx, d)
	}
	return context.Cause(ctx)
}

// pause waits by a timer.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
