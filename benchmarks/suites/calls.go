package suites

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/millstream-go/millstream/benchmarks/bench"
)

// calls are numbered messages that are sent in calls of a batch.
type calls struct {
	send  send
	topic string
	// first is the number of the first message.
	first, messages int
	batch, size     int
	// enter, if set, waits until so many messages may be sent.
	enter func(ctx context.Context, n int) error
}

// dial has all callers send something at once that nobody counts: the first calls would
// otherwise be those that connect.
func (c *calls) dial(ctx context.Context, s *site, callers int) error {
	warmUp := calls{send: c.send, topic: s.topic("unheard"), messages: callers * c.batch, batch: c.batch, size: c.size}
	_, _, err := warmUp.run(ctx, callers)
	return err
}

// run sends all messages by so many callers. It returns how long that took, and how
// long each call did; making up messages is part of the former only.
func (c *calls) run(ctx context.Context, callers int) (time.Duration, *hdrhistogram.Histogram, error) {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var (
		next    atomic.Int64
		calling sync.WaitGroup
		mu      sync.Mutex
		latency = bench.NewLatency()
	)
	start := time.Now()
	for range callers {
		calling.Go(func() {
			for ctx.Err() == nil {
				from := (int(next.Add(1)) - 1) * c.batch
				if from >= c.messages {
					return
				}
				took, err := c.call(ctx, from, min(c.batch, c.messages-from))
				if err != nil {
					fail(err)
					return
				}
				mu.Lock()
				bench.Record(latency, took)
				mu.Unlock()
			}
		})
	}
	calling.Wait()
	return time.Since(start), latency, context.Cause(ctx)
}

// call sends n messages, and returns how long that took.
func (c *calls) call(ctx context.Context, from, n int) (time.Duration, error) {
	batch := make([]outgoing, n)
	for i := range batch {
		number := c.first + from + i
		batch[i] = outgoing{outgoingID(number), payload(number, time.Time{}, c.size)}
	}
	if c.enter != nil {
		if err := c.enter(ctx, n); err != nil {
			return 0, err
		}
	}
	start := time.Now()
	err := c.send(ctx, c.topic, batch)
	return time.Since(start), err
}
