package chain

import (
	"context"
	"errors"
	"runtime"
	"time"

	"github.com/redis/go-redis/v9"
)

// Round is one timed run of one contender.
type Round struct {
	Contender string
	Messages  int
	// Elapsed is from the start of the stages until all messages were out of the
	// last one; where messages cannot be preloaded, from the first that was published.
	Elapsed time.Duration
	Account Account
}

// Rate returns messages per second, end to end.
func (r Round) Rate() float64 { return float64(r.Messages) / r.Elapsed.Seconds() }

// runRound runs one round on keys of its own and deletes them.
func runRound(ctx context.Context, contender Contender, config Config, messages int) (r Round, err error) {
	c := New(config.Redis, config.Stages, config.Concurrency)
	r = Round{Contender: contender.Name(), Messages: messages}
	e, p := NewEnds(c, contender), payloadsOf(config.Size)
	defer func() { err = errors.Join(err, e.Close(ctx)) }()
	if channels, ok := e.(*channelEnds); ok {
		live := newLiveRound(channels, p, messages)
		if err := live.run(ctx, contender); err != nil && !errors.Is(err, errLate) {
			return r, err
		}
		a := live.account()
		r.Elapsed, r.Account = live.elapsed(), Account{Lost: a.Lost, Doubled: a.Doubled, Spoilt: a.Spoilt}
		return r, nil
	}
	if err := preload(ctx, e, p, messages); err != nil {
		return r, err
	}
	runtime.GC()
	client := c.Connect()
	defer client.Close()
	r.Elapsed, err = timed(ctx, contender, c, client, messages)
	if err != nil && !errors.Is(err, errLate) {
		return r, err
	}
	r.Account, err = account(ctx, client, c, messages, p)
	return r, err
}

// timed runs the contender until all messages are out, and returns how long that
// took. Starting up is part of it, winding down is not.
func timed(
	ctx context.Context, contender Contender, c Chain, client *redis.Client, messages int,
) (elapsed time.Duration, err error) {
	began := time.Now()
	err = While(ctx, contender, c, func(ctx context.Context) error {
		defer func() { elapsed = time.Since(began) }()
		return standstill(ctx, func() (bool, int, error) {
			n, err := client.XLen(ctx, c.Topic(c.Stages)).Result()
			return int(n) >= messages, int(n), err
		})
	})
	return elapsed, err
}
