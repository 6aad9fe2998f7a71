package chain

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/pprof"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
)

// Round is one timed run of one contender.
type Round struct {
	Contender string
	Messages  int
	// Elapsed is from the start of the stages until all messages were out of the
	// last one.
	Elapsed time.Duration
	Account Account
}

// Rate returns messages per second, end to end.
func (r Round) Rate() float64 { return float64(r.Messages) / r.Elapsed.Seconds() }

const (
	// poll is how often the clock looks at the length of the last stream. XLEN
	// takes the server under a microsecond and touches no entry, so this costs
	// all contenders alike next to nothing; a consumer that counts would make
	// the server send every message once more.
	poll = 5 * time.Millisecond
	// patience is how long a chain may stand still before what is missing is
	// taken for lost.
	patience = 15 * time.Second
)

// errLate ends the run of a chain that stands still.
var errLate = errors.New("no message came out any more")

// runRound runs one round on keys of its own and deletes them.
func runRound(ctx context.Context, contender Contender, config Config, messages int) (r Round, err error) {
	c := Chain{
		Redis: config.Redis, Name: "chain-" + uuid.NewString(),
		Stages: config.Stages, Concurrency: config.Concurrency,
	}
	client := c.Connect()
	defer client.Close()
	// Also when ctx has ended: the keys are nobody's any more.
	defer func() { err = errors.Join(err, wipe(context.WithoutCancel(ctx), client, c)) }()
	r = Round{Contender: contender.Name(), Messages: messages}
	if err := preload(ctx, client, c, contender, messages, config.Size); err != nil {
		return r, err
	}
	runtime.GC()
	r.Elapsed, err = timed(ctx, contender, c, client, messages)
	if err != nil && !errors.Is(err, errLate) {
		return r, fmt.Errorf("%s: %w", r.Contender, err)
	}
	r.Account, err = account(ctx, client, c, messages, config.Size)
	return r, err
}

// timed runs the contender until all messages are out, and returns how long that
// took. Starting up is part of it, winding down is not.
func timed(ctx context.Context, contender Contender, c Chain, client *redis.Client, messages int) (time.Duration, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	start := time.Now()
	ended := make(chan error, 1)
	// The label tells the contenders apart in a CPU profile.
	pprof.Do(ctx, pprof.Labels("contender", contender.Name()), func(ctx context.Context) {
		go func() { ended <- contender.Run(ctx, c) }()
	})
	waiting, giveUp := context.WithCancelCause(ctx)
	early := make(chan error, 1)
	go func() {
		err := <-ended
		if ctx.Err() == nil {
			giveUp(errors.New("the stages ended before the messages did"))
		}
		early <- err
	}()
	waited := await(waiting, client, c.Topic(c.Stages), messages)
	elapsed := time.Since(start)
	stop()
	err := <-early
	if err != nil {
		return elapsed, err
	}
	return elapsed, waited
}

// await returns when a stream holds that many entries.
func await(ctx context.Context, client *redis.Client, topic string, messages int) error {
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	moved, last := time.Now(), int64(0)
	for {
		n, err := client.XLen(ctx, topic).Result()
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return err
		case n >= int64(messages):
			return nil
		case n > last:
			moved, last = time.Now(), n
		case time.Since(moved) > patience:
			return errLate
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
