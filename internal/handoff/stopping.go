package handoff

import "context"

type stoppingKey struct{}

// WithStopping returns a context that tells when waiting is to end, for transports
// that do not tell.
func WithStopping(ctx context.Context, stopping <-chan struct{}) context.Context {
	return context.WithValue(ctx, stoppingKey{}, stopping)
}

// Stopping returns a channel that is closed when nothing is to be waited for any
// more, although work in progress may finish; nil if nobody tells.
func Stopping(ctx context.Context) <-chan struct{} {
	if h := FromContext(ctx); h != nil && h.Stopping != nil {
		return h.Stopping
	}
	stopping, _ := ctx.Value(stoppingKey{}).(<-chan struct{})
	return stopping
}
