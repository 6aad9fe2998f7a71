package chain

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

// Ends are the two ends of a chain, written by hand on go-redis with a client of their
// own, so that all contenders on Streams share theirs, and all on Pub/Sub.
//
//	Feed ─▶ topic 0 ─▶ [stage 1] ─▶ … ─▶ [stage n] ─▶ topic n ─▶ Tail
//
// Their methods may be called concurrently, Close after all others.
type Ends interface {
	// Ready returns when all stages are there: their subscriptions stand, or their
	// consumer groups. What is fed on Streams before that is not lost.
	Ready(ctx context.Context) error
	// Feed puts messages into the chain, in one round trip. In a lossy chain it goes on
	// trying while it is certain that Redis has not taken them.
	Feed(ctx context.Context, payloads ...string) error
	// Tail returns what comes out of the last stage: on Pub/Sub from now on, on Streams
	// from the first message on. It holds a connection until it is called and ctx ends.
	Tail(ctx context.Context) (Tail, error)
	// Close deletes all keys of the chain and closes the client. The contender must not
	// run any more. It does so even if ctx has ended.
	Close(ctx context.Context) error
}

// Tail calls each with every payload and the time it came, from one goroutine, until the
// context that it was made with ends. It can be called once.
type Tail func(each func(payload string, at time.Time)) error

// NewEnds returns the ends of a chain that is run by a contender.
func NewEnds(c Chain, contender Contender) Ends {
	base := ends{chain: c, client: c.Connect()}
	if c.Lossy {
		base.feeder = c.once()
	}
	if IsLive(contender) {
		return &channelEnds{base}
	}
	s := &streamEnds{ends: base, metadata: func(int) string { return "" }}
	if p, ok := contender.(publisher); ok {
		s.metadata = p.metadata
	}
	return s
}

// publisher is a contender whose messages come with metadata, as its own publisher would
// write them.
type publisher interface {
	// metadata returns that of the i-th message, as watermill-redisstream packs it.
	metadata(i int) string
}

// ends is what both kinds have in common.
type ends struct {
	chain  Chain
	client *redis.Client
	feeder *redis.Client // of a lossy chain
}

// Chain returns what they are the ends of.
func (e *ends) Chain() Chain { return e.chain }

const (
	// readyPoll is how often it is looked whether the stages are ready.
	readyPoll = 2 * time.Millisecond
	// tailBatch is how many messages the end of a chain on Streams reads at a time.
	tailBatch = 100
)

// poll asks again and again until the answer is yes.
func poll(ctx context.Context, every time.Duration, ask func() (bool, error)) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		yes, err := ask()
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil || yes:
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
