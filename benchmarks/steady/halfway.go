package steady

import (
	"context"
	"time"

	"github.com/millstream-go/millstream/internal/redistest"
)

// Halfway makes something go wrong and returns when it is over.
type Halfway func(ctx context.Context, s *Stages) error

// Redeploy stops the stages, and starts them again after a while.
func Redeploy(away time.Duration) Halfway {
	return func(ctx context.Context, s *Stages) error {
		if err := s.Stop(); err != nil {
			return err
		}
		if err := wait(ctx, away); err != nil {
			return err
		}
		s.Start(ctx)
		return nil
	}
}

// Outage kills a Redis, and starts it again after a while, or at once when ctx ends: the
// keys are to be deleted.
func Outage(server *redistest.Server, away time.Duration) Halfway {
	return func(ctx context.Context, _ *Stages) error {
		server.Crash()
		ended := wait(ctx, away)
		if err := server.Revive(); err != nil {
			return err
		}
		return ended
	}
}

// Slow returns what makes one stage take so long for each message, or as near to that as
// the system's clock comes.
func Slow(stage int, takes time.Duration) (work func(stage int)) {
	return func(i int) {
		if i != stage {
			return
		}
		end := time.Now().Add(takes)
		c, err := newClock()
		if err != nil {
			_ = wait(context.Background(), takes) // it is short
			return
		}
		defer c.close()
		_ = c.until(context.Background(), end)
	}
}
