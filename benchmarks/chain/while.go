package chain

import (
	"context"
	"errors"
	"fmt"
	"runtime/pprof"
)

// errEarly ends the work that goes on while a contender runs.
var errEarly = errors.New("the stages ended before the messages did")

// While runs a contender's stages while work goes on, and returns when both have ended.
// The context of work ends early when the stages do.
func While(ctx context.Context, contender Contender, c Chain, work func(ctx context.Context) error) error {
	running, stop := context.WithCancel(ctx)
	defer stop()
	working, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	ended := make(chan error, 1)
	// The label tells the contenders apart in a CPU profile.
	pprof.Do(running, pprof.Labels("contender", contender.Name()), func(running context.Context) {
		go func() {
			err := contender.Run(running, c)
			if running.Err() == nil {
				giveUp(errEarly)
			}
			ended <- err
		}()
	})
	worked := work(working)
	stop()
	ran := <-ended
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case ran != nil:
		return fmt.Errorf("%s: %w", contender.Name(), ran)
	case worked != nil:
		if cause := context.Cause(working); cause != nil {
			worked = cause
		}
		return fmt.Errorf("%s: %w", contender.Name(), worked)
	}
	return nil
}
