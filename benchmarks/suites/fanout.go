package suites

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/pubsub"
	"github.com/millstream-go/millstream/streams"
)

// fanoutSuite times one publisher and several subscribers that each get every message:
// on streams with a group each, on Pub/Sub with a subscription each, all with a client of
// their own. They listen before anything is published; the clock runs from the first
// call until each has handled all.
func fanoutSuite() Suite {
	return Suite{Name: "fanout", Question: "What does each further subscriber cost that gets every message?", Cases: fanoutCases}
}

func fanoutCases(c *Config) (cases []bench.Case) {
	for _, receivers := range []int{1, 8, 32} {
		if c.Quick && receivers > 8 {
			continue
		}
		f := fanning{Config: c, receivers: receivers}
		contenders := c.among(contendersOf(fanoutWays(), f.contender)...)
		if len(contenders) == 0 {
			continue
		}
		cases = append(cases, bench.Case{
			Suite: "fanout", Name: fmt.Sprintf("subscribers=%d", receivers),
			Title: plural(receivers, "subscriber") + " that get every message",
			Axis:  "subscribers", At: float64(receivers), Receivers: receivers,
			Messages: c.most(or(c.Size, defaultSize)), Contenders: contenders,
		})
	}
	return cases
}

// way is how a contender sends and receives.
type way struct {
	sender
	receiver
}

func fanoutWays() []way {
	// As it comes, a subscriber drops messages when 1024 wait in it. Here fewer are on
	// the way, so nothing is to be set.
	live := pubsubCarrier(pubsub.DropOldest)
	return append(streamWays(streams.SubscriberConfig{}),
		way{carrierSender(live), carrierReceiver(live)},
		way{channelSender(), channelReceiver()},
	)
}

// streamWays are those that go through a stream.
func streamWays(config streams.SubscriberConfig) []way {
	return []way{
		{ceilingSender(), ceilingReceiver()},
		{carrierSender(millstreamCarrier()), millstreamReceiver(config)},
		{carrierSender(stockCarrier()), carrierReceiver(stockCarrier())},
		{articleSender(), articleReceiver()},
	}
}

// fanning is a case: so many receivers get every message.
type fanning struct {
	*Config

	receivers int
}

const (
	// fanoutBatch is how many messages are sent with a call.
	fanoutBatch = 100
	// fanoutOnTheWay is how many messages may be on the way to the slowest receiver.
	fanoutOnTheWay = 1000
)

func (f fanning) contender(by way) bench.Contender {
	return bench.Contender{Name: by.sender.name, Measure: func(ctx context.Context, messages int) (r bench.Round, err error) {
		s := newSite(f.Redis)
		defer func() { err = errors.Join(err, s.end(ctx)) }()
		return f.measure(ctx, s, by, messages)
	}}
}

func (f fanning) measure(ctx context.Context, s *site, by way, messages int) (r bench.Round, err error) {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	size := or(f.Size, defaultSize)
	w := newWindow(onTheWay(fanoutOnTheWay, size), f.receivers)
	c := calls{topic: s.topic("fanned-out"), messages: messages, batch: fanoutBatch, size: size, enter: w.enter}
	if c.send, err = by.sender.open(s, 1, fanoutBatch); err != nil {
		return r, err
	}
	tallies, stop, err := f.listen(ctx, s, by.receiver, c, w, fail)
	if err != nil {
		return r, err
	}
	if err := c.dial(ctx, s, 1); err != nil {
		return r, err
	}
	runtime.GC() // what others left behind is not this one's
	start := time.Now()
	if _, _, err := c.run(ctx, 1); err != nil {
		return r, err
	}
	last, err := allArrived(ctx, tallies...)
	if err != nil {
		return r, err
	}
	err = stop() // nothing comes twice after that
	r.Elapsed, r.Account = last.Sub(start), accountOf(tallies)
	return r, err
}

// listen opens all receivers.
func (f fanning) listen(
	ctx context.Context, s *site, by receiver, c calls, w *window, fail func(error),
) (tallies []*bench.Tally, stop func() error, err error) {
	var stops []func() error
	stop = sync.OnceValue(func() error { return atOnce(stops) })
	for i := range f.receivers {
		tally := bench.NewTally(c.messages)
		count := tallying(tally, c.size)
		one, err := by.open(ctx, s, reception{
			topic: c.topic, group: fmt.Sprintf("subscriber-%d", i), concurrency: 1, fail: fail,
			handle: func(p []byte) {
				count(p)
				w.arrived(i)
			},
		})
		if err != nil {
			return nil, nil, errors.Join(err, stop())
		}
		stops = append(stops, one)
		tallies = append(tallies, tally)
	}
	s.atEnd(stop)
	return tallies, stop, nil
}

// accountOf returns what became of messages each of which is for all receivers.
func accountOf(tallies []*bench.Tally) (sum bench.Account) {
	for _, tally := range tallies {
		sum = sum.Plus(tally.Account())
	}
	sum.Sent /= len(tallies)
	return sum
}
