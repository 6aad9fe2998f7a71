package chain

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millstream-go/millstream/benchmarks/bench"
)

// liveEnds can do what a liveRound needs besides.
type liveEnds interface {
	Ends
	Chain() Chain
	// say puts a message behind all that the last stage has published.
	say(ctx context.Context, payload string) error
}

// liveRound is a round of a chain that is not preloaded, or cannot be: it is fed while it
// runs, by a loop that has no more than a window of messages on the way, and what comes
// out is counted as it comes. Both ends share the machine with the stages, which those of
// a preloaded round do not have beside them.
type liveRound struct {
	ends     liveEnds
	payloads payloads
	messages int
	patience time.Duration

	tally *bench.Tally
	// window has an item for each message that is on the way.
	window chan struct{}
	// sent is how many were published.
	sent atomic.Int64
	// ended is closed, by end, when the last word has come.
	ended chan struct{}
	end   func()

	// began is when the first was published, last when one came out; the latter belongs to
	// the loop that listens.
	began, last time.Time
}

const (
	// windowSize and windowBytes bound what is on the way, so that no buffer of Redis
	// grows to where it disconnects a subscriber: 32 MB, or 8 MB for a minute.
	windowSize, windowBytes = 5000, 4 << 20
	// feedBatch and feedBytes are how many messages, and about how many bytes of them, are
	// published in one round trip at most.
	feedBatch, feedBytes = 500, 256 << 10
)

// lastWord is published behind all messages: when it comes, nothing else is to come.
const lastWord = "that was all"

func newLiveRound(e liveEnds, p payloads, messages int, patience time.Duration) *liveRound {
	ended := make(chan struct{})
	return &liveRound{
		ends: e, payloads: p, messages: messages, patience: patience,
		tally:  bench.NewTally(messages),
		window: make(chan struct{}, max(1, min(windowSize, windowBytes/p.size))),
		ended:  ended,
		end:    sync.OnceFunc(func() { close(ended) }),
	}
}

// run returns the time from the first message that was published to the last that came
// out. What has not come out when nothing comes any more is lost.
func (r *liveRound) run(ctx context.Context, contender Contender) (bench.Round, error) {
	ctx, listening := newLoops(ctx)
	defer listening.stop()
	tail, err := r.ends.Tail(ctx)
	if err != nil {
		return bench.Round{}, err
	}
	listening.run(func() error { return tail(r.came) })
	runtime.GC() // as before a preloaded round
	err = While(ctx, contender, r.ends.Chain(), r.flow)
	if err == nil {
		err = r.finish(ctx)
	}
	listening.stop()
	if failed := listening.join(); failed != nil {
		err = failed
	}
	return bench.Round{Elapsed: r.elapsed(), Account: r.account()}, err
}

// flow feeds the chain until everything has come out, or nothing does any more.
func (r *liveRound) flow(ctx context.Context) error {
	if err := r.ends.Ready(ctx); err != nil {
		return err
	}
	ctx, feeding := newLoops(ctx)
	r.began = time.Now()
	feeding.run(func() error { return r.feed(ctx) })
	_, err := awaitOut(ctx, r.messages, r.patience, func() (int, error) { return r.tally.Received(), nil })
	feeding.stop()
	if failed := feeding.join(); failed != nil {
		return failed
	}
	return err
}

// feed publishes all messages, as the window lets them.
func (r *liveRound) feed(ctx context.Context) error {
	most := max(1, min(feedBatch, feedBytes/r.payloads.size))
	for first := 0; first < r.messages; {
		n := r.room(ctx, min(most, r.messages-first))
		if n == 0 {
			return nil
		}
		if err := r.ends.Feed(ctx, r.payloads.span(first, first+n)...); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		first += n
		r.sent.Store(int64(first))
	}
	return nil
}

// room waits for the window to have room, and takes it for at most that many messages.
// It returns for how many; 0 when ctx has ended.
func (r *liveRound) room(ctx context.Context, most int) int {
	select {
	case r.window <- struct{}{}:
	case <-ctx.Done():
		return 0
	}
	for n := 1; n < most; n++ {
		select {
		case r.window <- struct{}{}:
		default:
			return n
		}
	}
	return most
}

func (r *liveRound) came(payload string, at time.Time) {
	if payload == lastWord {
		r.end()
		return
	}
	i, ok := r.payloads.number(payload)
	if !ok {
		i = -1
	}
	r.tally.Came(i)
	r.last = at
	select {
	case <-r.window:
	default: // it came twice
	}
}

// finish waits for what the stages have published before they ended.
func (r *liveRound) finish(ctx context.Context) error {
	if err := r.ends.say(ctx, lastWord); err != nil {
		return err
	}
	timeout := time.NewTimer(r.patience)
	defer timeout.Stop()
	select {
	case <-r.ended:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timeout.C:
		return fmt.Errorf("nothing comes out any more: a message published to the last topic did not come in %v", r.patience)
	}
}

// elapsed is for when the round has ended; 0 if nothing came out.
func (r *liveRound) elapsed() time.Duration { return max(0, r.last.Sub(r.began)) }

// account is for when the round has ended.
func (r *liveRound) account() bench.Account {
	sent := int(r.sent.Load())
	a := r.tally.AccountOf(func(i int) bool { return i < sent })
	a.Failed = 0 // those were not tried: nothing came out any more
	return a
}
