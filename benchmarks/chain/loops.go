package chain

import (
	"context"
	"errors"
	"sync"
)

// loops are goroutines that end together: when their context does, or when one fails.
type loops struct {
	ctx  context.Context
	end  context.CancelCauseFunc
	runs sync.WaitGroup
}

// newLoops returns no loops yet, and the context that they end with.
func newLoops(ctx context.Context) (context.Context, *loops) {
	ctx, end := context.WithCancelCause(ctx)
	return ctx, &loops{ctx: ctx, end: end}
}

func (l *loops) run(loop func() error) { l.runs.Go(func() { l.failed(loop()) }) }

// failed ends all loops if err is not nil.
func (l *loops) failed(err error) {
	if err != nil {
		l.end(err)
	}
}

// stop ends all loops.
func (l *loops) stop() { l.end(nil) }

// join returns when all loops have ended, and with what the first one failed.
func (l *loops) join() error {
	<-l.ctx.Done()
	l.runs.Wait()
	cause := context.Cause(l.ctx)
	if errors.Is(cause, context.Canceled) || errors.Is(cause, context.DeadlineExceeded) {
		return nil
	}
	return cause
}
