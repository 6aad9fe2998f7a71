package chain

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/benchmarks/bench"
)

// Load is what goes through a chain in a round.
type Load struct {
	Redis *redis.Options
	// Stages is how many there are in the chain, Concurrency how many messages each may
	// work on at once, Size that of a payload in bytes, at least MinSize.
	Stages, Concurrency, Size int
	// Fed has streams fed while the stages run, as Pub/Sub always is, rather than before.
	Fed bool
	// Patience is how long nothing may come out until what is missing is taken for lost.
	// Default: 15 seconds.
	Patience time.Duration
}

const defaultPatience = 15 * time.Second

// Check returns all that is wrong with the numbers, or nil.
func (l Load) Check() error {
	var faults []error
	for _, least := range []struct {
		name       string
		value, min int
	}{
		{"stages", l.Stages, 1},
		{"concurrency", l.Concurrency, 1},
		{"size", l.Size, MinSize},
	} {
		if least.value < least.min {
			faults = append(faults, fmt.Errorf("%s: %d is too small, %d is the least", least.name, least.value, least.min))
		}
	}
	return errors.Join(faults...)
}

// Measure runs one round of a contender on keys of its own, and deletes them. What the
// contender loses or doubles is in the account; an error means that it could not run.
func (l Load) Measure(ctx context.Context, contender Contender, messages int) (r bench.Round, err error) {
	if err := l.Check(); err != nil {
		return r, err
	}
	if messages < 1 {
		return r, fmt.Errorf("messages: %d is too small, 1 is the least", messages)
	}
	if l.Patience <= 0 {
		l.Patience = defaultPatience
	}
	e := NewEnds(New(l.Redis, l.Stages, l.Concurrency), contender)
	defer func() { err = errors.Join(err, e.Close(ctx)) }()
	p := payloadsOf(l.Size)
	if s, ok := e.(*streamEnds); ok && !l.Fed {
		return preloadedRound{ends: s, payloads: p, messages: messages, patience: l.Patience}.run(ctx, contender)
	}
	return newLiveRound(e.(liveEnds), p, messages, l.Patience).run(ctx, contender)
}
