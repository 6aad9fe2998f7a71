package steady

import (
	"context"
	"errors"
	"fmt"

	"github.com/millstream-go/millstream/benchmarks/chain"
)

// Stages are those of a chain, run by a contender. Start and Stop may not be called
// concurrently.
type Stages struct {
	contender chain.Contender
	chain     chain.Chain
	fail      context.CancelCauseFunc

	stop  context.CancelFunc
	ended chan error
}

// errEnded is what a flow fails with whose stages end of their own accord.
var errEnded = errors.New("the stages ended before the messages did")

// Start starts the stages. Ctx is that of the flow.
func (s *Stages) Start(ctx context.Context) {
	ctx, s.stop = context.WithCancel(ctx)
	s.ended = make(chan error, 1)
	go func() {
		err := s.contender.Run(ctx, s.chain)
		if ctx.Err() == nil {
			s.fail(errors.Join(errEnded, err))
		}
		s.ended <- err
	}()
}

// Stop lets the stages finish what they have begun, as a deploy does, and returns when
// they have ended. Stopping them again does nothing.
func (s *Stages) Stop() error {
	if s.stop == nil {
		return nil
	}
	s.stop()
	s.stop = nil
	if err := <-s.ended; err != nil {
		return fmt.Errorf("stop the stages: %w", err)
	}
	return nil
}
