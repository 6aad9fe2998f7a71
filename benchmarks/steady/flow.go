package steady

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/benchmarks/chain"
)

// Flow is what is sent through a chain.
type Flow struct {
	Redis               *redis.Options
	Contender           chain.Contender
	Stages, Concurrency int
	// Messages are sent in all, Rate a second.
	Messages, Rate int
	// Payload makes message i, which is to be sent at a time, and Parse reads it.
	Payload func(i int, at time.Time) string
	Parse   func(payload string) (i int, at time.Time, ok bool)
	// Lossy lets messages get lost, as [chain.Chain] says.
	Lossy bool
	// Work, if set, is what a stage does with each message.
	Work func(stage int)
	// Halfway, if set, goes wrong when half of the messages are sent.
	Halfway Halfway
}

// Outcome is what became of a flow.
type Outcome struct {
	Account bench.Account
	// Elapsed is from when the first message was to be sent until the last was sent and
	// the last that was not late came out.
	Elapsed time.Duration
	// Latency is that of the messages, without the first tenth of them, in which clients
	// connect.
	Latency *hdrhistogram.Histogram
	// Lag is the 99th percentile of how late messages were sent.
	Lag time.Duration
	// Pause is the longest time in which none came out, from the first message until the
	// last was sent or came, Settled how long after the last was sent the last one came.
	// They leave out what came late.
	Pause, Settled time.Duration
	// Late is how many messages came out only after a consumer that was gone had been
	// idle for long enough, and the stages had been started anew.
	Late int
}

// Run sends the messages and returns when all have come out, or nothing more does. On
// the way out it deletes all keys. An error means that the contender could not run.
func (f Flow) Run(ctx context.Context) (o Outcome, err error) {
	r := &run{Flow: f, chain: chain.New(f.Redis, f.Stages, f.Concurrency)}
	r.chain.Work, r.chain.Lossy = f.Work, f.Lossy
	r.ends = chain.NewEnds(r.chain, f.Contender)
	defer func() { err = errors.Join(err, r.ends.Close(ctx)) }()
	runtime.GC()
	ctx, r.fail = context.WithCancelCause(ctx)
	defer r.fail(nil)
	r.arrivals = newArrivals(f.Messages, f.Parse)
	listening, stopListening := context.WithCancel(ctx)
	defer stopListening()
	tail, err := r.ends.Tail(listening)
	if err != nil {
		return o, err
	}
	var ended sync.WaitGroup
	ended.Go(func() { r.failed(tail(r.arrivals.came)) })
	err = r.flow(ctx)
	stopListening()
	ended.Wait()
	if err != nil {
		return o, err
	}
	return r.outcome(), nil
}

// run is a flow under way.
type run struct {
	Flow

	chain    chain.Chain
	ends     chain.Ends
	arrivals *arrivals
	sender   *sender
	// fail ends everything.
	fail context.CancelCauseFunc
}

func (r *run) failed(err error) {
	if err != nil {
		r.fail(err)
	}
}

// flow runs the stages while the messages are sent and until all is settled.
func (r *run) flow(ctx context.Context) (err error) {
	s := &Stages{contender: r.Contender, chain: r.chain, fail: r.fail}
	s.Start(ctx)
	defer func() { err = errors.Join(err, s.Stop()) }()
	if err := r.ends.Ready(ctx); err != nil {
		return err
	}
	r.sender = newSender(r.Flow, r.ends)
	var trouble sync.WaitGroup
	trouble.Go(func() {
		select {
		case <-r.sender.halfway:
		case <-ctx.Done():
			return
		}
		if r.Halfway != nil {
			r.failed(r.Halfway(ctx, s))
		}
	})
	r.failed(r.sender.run(ctx))
	trouble.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return r.settle(ctx, s)
}

func (r *run) outcome() Outcome {
	a := r.arrivals
	o := Outcome{
		Account: a.tally.AccountOf(func(i int) bool { return r.sender.sent[i] }),
		Latency: a.latency, Lag: r.sender.lag(), Late: a.late,
	}
	sent, last := r.sender.ended, a.last
	if last.IsZero() {
		last = r.sender.began
	}
	o.Pause = max(a.pause, sent.Sub(last))
	o.Settled = max(0, last.Sub(sent))
	o.Elapsed = max(last.Sub(r.sender.began), sent.Sub(r.sender.began))
	return o
}

func (o Outcome) String() string {
	return fmt.Sprintf("%v, %d late, pause %v, settled after %v", o.Account, o.Late, o.Pause, o.Settled)
}
