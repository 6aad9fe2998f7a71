package suites

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/streams"
)

// consumeSuite times one group that works off a stream that is full when it begins: from
// the start of its consumer until all messages have been handled, which takes no time,
// and acknowledged. There is no Pub/Sub in it, since nothing waits in a channel.
func consumeSuite() Suite {
	return Suite{
		Name: "consume", Question: "How fast does one consumer group work off what waits in a stream?",
		Cases: func(c *Config) []bench.Case {
			co := consuming{Config: c, concurrency: or(c.Concurrency, 1)}
			contenders := c.among(contendersOf(co.receivers(), co.contender)...)
			if len(contenders) == 0 {
				return nil
			}
			return []bench.Case{{
				Suite: "consume", Name: fmt.Sprintf("concurrency=%d", co.concurrency),
				Title:    fmt.Sprintf("one group that handles %s at once", plural(co.concurrency, "message")),
				Messages: c.most(or(c.Size, defaultSize)), Contenders: contenders,
			}}
		},
	}
}

// consuming is the case: so many messages are handled at once.
type consuming struct {
	*Config

	concurrency int
}

func (consuming) receivers() []receiver {
	return []receiver{
		ceilingReceiver(), millstreamReceiver(streams.SubscriberConfig{}),
		carrierReceiver(stockCarrier()), articleReceiver(),
	}
}

func (co consuming) contender(by receiver) bench.Contender {
	return bench.Contender{Name: by.name, Measure: func(ctx context.Context, messages int) (r bench.Round, err error) {
		s := newSite(co.Redis)
		defer func() { err = errors.Join(err, s.end(ctx)) }()
		return co.measure(ctx, s, by, messages)
	}}
}

func (co consuming) measure(ctx context.Context, s *site, by receiver, messages int) (r bench.Round, err error) {
	const group = "consumers"
	topic, size := s.topic("waiting"), or(co.Size, defaultSize)
	if err := fill(ctx, s.own, topic, messages, size); err != nil {
		return r, err
	}
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	tally := bench.NewTally(messages)
	runtime.GC() // what others left behind is not this one's
	start := time.Now()
	stop, err := by.open(ctx, s, reception{
		topic: topic, group: group, concurrency: co.concurrency, handle: tallying(tally, size), fail: fail,
	})
	if err != nil {
		return r, err
	}
	stop = sync.OnceValue(stop)
	s.atEnd(stop)
	last, err := allArrived(ctx, tally)
	if err != nil {
		return r, err
	}
	pending, at, err := allAcknowledged(ctx, s.own, topic, group)
	if err != nil {
		return r, err
	}
	if pending == 0 && tally.Received() == messages {
		last = at
	}
	err = stop() // nothing comes twice after that
	r.Elapsed, r.Account = last.Sub(start), tally.Account()
	// What was handled and not acknowledged comes again some time: it should be none.
	r.Figures = []bench.Figure{{Name: "pending", Unit: "messages", Value: float64(pending)}}
	return r, err
}

// fill adds numbered messages to a stream.
func fill(ctx context.Context, client *redis.Client, topic string, messages, size int) error {
	add := calls{send: pipedEntries(client), topic: topic, messages: messages, batch: page(size), size: size}
	_, _, err := add.run(ctx, 1)
	return err
}
