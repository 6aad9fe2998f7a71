// Package pause waits for a time, unless there is no use in that any more.
package pause

import (
	"context"
	"time"
)

// For waits for d, and returns false when ctx ends or stopping is closed before. A
// nil stopping never is.
func For(ctx context.Context, stopping <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-stopping:
	}
	return false
}
