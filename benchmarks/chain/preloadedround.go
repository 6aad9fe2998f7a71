package chain

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/millstream-go/millstream/benchmarks/bench"
)

// preloadedRound is a round of a chain on Redis Streams: all messages are there when the
// stages start.
type preloadedRound struct {
	ends     *streamEnds
	payloads payloads
	messages int
	patience time.Duration
}

// run returns the time from the start of the stages until all messages were out of the
// last one. Starting up is part of it, winding down is not.
func (r preloadedRound) run(ctx context.Context, contender Contender) (bench.Round, error) {
	if err := r.preload(ctx); err != nil {
		return bench.Round{}, err
	}
	runtime.GC() // what preloading left behind is not the contender's
	began, last := time.Now(), time.Time{}
	err := While(ctx, contender, r.ends.chain, func(ctx context.Context) (err error) {
		last, err = awaitOut(ctx, r.messages, r.patience, func() (int, error) { return r.ends.out(ctx) })
		return err
	})
	if err != nil {
		return bench.Round{}, err
	}
	account, err := r.account(ctx)
	return bench.Round{Elapsed: last.Sub(began), Account: account}, err
}

const (
	// pageSize and pageBytes are how many entries, and how many bytes of payload, are
	// written or looked at in one go.
	pageSize, pageBytes = 1000, 4 << 20
)

// page returns how many messages that is.
func (r preloadedRound) page() int { return max(1, min(pageSize, pageBytes/r.payloads.size)) }

func (r preloadedRound) preload(ctx context.Context) error {
	for first := 0; first < r.messages; first += r.page() {
		if err := r.ends.Feed(ctx, r.payloads.span(first, min(first+r.page(), r.messages))...); err != nil {
			return fmt.Errorf("preload %d messages: %w", r.messages, err)
		}
	}
	return nil
}
