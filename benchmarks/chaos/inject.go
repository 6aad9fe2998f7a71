package chaos

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// victims are what faults can befall.
type victims struct {
	server  *server
	workers []*slot
	links   []*link // one a worker, then the feeder's
}

// inject carries out the plan and returns, when all faults are over, how many of
// each kind there were. When ctx ends it breaks off.
func (v *victims) inject(ctx context.Context, plan Plan) (map[Kind]int, error) {
	var (
		running sync.WaitGroup
		mu      sync.Mutex
		errs    []error
	)
	counts := map[Kind]int{}
	begin := time.Now()
	for _, f := range plan {
		sleep(ctx, time.Until(begin.Add(f.At)))
		if ctx.Err() != nil {
			break
		}
		counts[f.Kind]++
		running.Go(func() {
			if err := v.befall(ctx, f); err != nil {
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, fmt.Errorf("%s at %v: %w", f.Kind, f.At, err))
			}
		})
	}
	running.Wait()
	return counts, errors.Join(append(errs, ctx.Err())...)
}

// befall carries out one fault, from its beginning to its end.
func (v *victims) befall(ctx context.Context, f Fault) error {
	switch f.Kind {
	case KillWorker:
		v.workers[f.Target].kill(f.For)
	case StopWorker:
		v.workers[f.Target].interrupt(f.For)
	case FreezeShort, FreezeLong:
		v.workers[f.Target].freeze(ctx, f.For)
	case KillRedis:
		return v.server.kill()
	case FreezeRedis:
		return v.server.freeze(ctx, f.For)
	case FlushScripts:
		return v.server.flushScripts(ctx)
	case RewriteAOF:
		return v.server.rewriteAOF(ctx)
	case CutLink:
		v.links[f.Target].close()
		sleep(ctx, f.For)
		return v.links[f.Target].reopen(ctx)
	case SlowLink:
		return v.impair(ctx, f, delayed(f.Delay))
	case TruncateLink:
		return v.impair(ctx, f, truncated(f.Bytes))
	}
	return nil
}

// impair has a toxic on a link for a while.
func (v *victims) impair(ctx context.Context, f Fault, t toxic) error {
	if err := v.links[f.Target].reopen(ctx, t); err != nil {
		return err
	}
	sleep(ctx, f.For)
	return v.links[f.Target].reopen(ctx)
}
