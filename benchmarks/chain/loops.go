package chain

import (
	"context"
	"sync"
)

// loops are goroutines that end together: when their context does, or when one fails.
type loops struct {
	ctx     context.Context
	stop    context.CancelFunc
	runs    sync.WaitGroup
	first   sync.Once
	failure error
}

// newLoops returns no loops yet, and the context that they end with.
func newLoops(ctx context.Context) (context.Context, *loops) {
	ctx, stop := context.WithCancel(ctx)
	return ctx, &loops{ctx: ctx, stop: stop}
}

func (l *loops) run(loop func() error) { l.runs.Go(func() { l.failed(loop()) }) }

// failed ends all loops if err is not nil. What fails because they end is no failure.
func (l *loops) failed(err error) {
	if err != nil && l.ctx.Err() == nil {
		l.first.Do(func() { l.failure = err })
		l.stop()
	}
}

// join returns when all loops have ended, and with what the first one failed.
func (l *loops) join() error {
	<-l.ctx.Done()
	l.runs.Wait()
	return l.failure
}
