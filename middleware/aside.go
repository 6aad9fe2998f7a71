package middleware

import (
	"context"
	"time"

	"github.com/millstream-go/millstream/internal/handoff"
)

// putAside puts a message aside, which needs a handoff: it is staged, for a bare
// router rejects the message now, and returned as a verdict, for whoever is outside
// may drop what was staged.
func putAside(h *handoff.Handoff, a handoff.Aside, cause error) error {
	if err := h.PutAside(a); err != nil {
		return err
	}
	return handoff.PutAside(a, cause)
}

// sleep returns false when ctx ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// wait returns false when ctx ends first, or the transport stops.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-handoff.Stopping(ctx):
	}
	return false
}
