package middleware

import (
	"context"
	"time"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/internal/pause"
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

// wait returns false when ctx ends first, or the transport stops.
func wait(ctx context.Context, d time.Duration) bool {
	return pause.For(ctx, handoff.Stopping(ctx), d)
}
