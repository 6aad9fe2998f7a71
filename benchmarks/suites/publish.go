package suites

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/pubsub"
)

// publishSuite times calls that publish, from the first until all messages are in. The
// latency is that of a call. Batches that would be larger than what may be on the way to
// a listener are left out.
func publishSuite() Suite {
	return Suite{Name: "publish", Question: "What does it take to publish, one by one and in batches?", Cases: publishCases}
}

// mostBytesAtOnce is how much all callers together may have in their hands.
const mostBytesAtOnce = 64 << 20

func publishCases(c *Config) (cases []bench.Case) {
	for _, shape := range []struct {
		callers, batch int
		quick          bool
	}{{1, 1, true}, {64, 1, true}, {1, 10, false}, {1, 100, true}, {1, 1000, false}} {
		atOnce := shape.callers * shape.batch * or(c.Size, defaultSize)
		if c.Quick && !shape.quick || shape.batch > 1 && atOnce > mostBytesOnTheWay || atOnce > mostBytesAtOnce {
			continue
		}
		p := publishing{Config: c, callers: shape.callers, batch: shape.batch}
		contenders := c.among(contendersOf(publishSenders(), p.contender)...)
		if len(contenders) == 0 {
			continue
		}
		cases = append(cases, bench.Case{
			Suite: "publish", Name: fmt.Sprintf("callers=%d batch=%d", p.callers, p.batch),
			Title:    fmt.Sprintf("%s with %s a call", plural(p.callers, "caller"), plural(p.batch, "message")),
			Messages: c.most(or(c.Size, defaultSize)), Contenders: contenders,
		})
	}
	return cases
}

func publishSenders() []sender {
	return []sender{
		ceilingSender(), carrierSender(millstreamCarrier()), carrierSender(stockCarrier()),
		articleSender(), carrierSender(pubsubCarrier(pubsub.DropOldest)), channelSender(),
	}
}

// contendersOf makes a contender of each way to send or receive.
func contendersOf[W any](ways []W, contender func(W) bench.Contender) []bench.Contender {
	contenders := make([]bench.Contender, len(ways))
	for i, way := range ways {
		contenders[i] = contender(way)
	}
	return contenders
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// publishing is a case: so many concurrent callers publish so many messages a call.
type publishing struct {
	*Config

	callers, batch int
}

func (p publishing) contender(by sender) bench.Contender {
	return bench.Contender{Name: by.name, Measure: func(ctx context.Context, messages int) (r bench.Round, err error) {
		s := newSite(p.Redis)
		defer func() { err = errors.Join(err, s.end(ctx)) }()
		return p.measure(ctx, s, by, messages)
	}}
}

func (p publishing) measure(ctx context.Context, s *site, by sender, messages int) (r bench.Round, err error) {
	c := calls{topic: s.topic("published"), messages: messages, batch: p.batch, size: or(p.Size, defaultSize)}
	account := func() (bench.Account, error) { return readBack(ctx, s.own, c.topic, messages, c.size) }
	if by.channel {
		counter, err := newCounter(ctx, s, c.topic, messages, c.size)
		if err != nil {
			return r, err
		}
		c.enter = counter.window.enter
		account = func() (bench.Account, error) { return counter.account(ctx) }
	}
	if c.send, err = by.open(s, p.callers, p.batch); err != nil {
		return r, err
	}
	if err := c.dial(ctx, s, p.callers); err != nil {
		return r, err
	}
	runtime.GC() // what others left behind is not this one's
	if r.Elapsed, r.Latency, err = c.run(ctx, p.callers); err != nil {
		return r, err
	}
	r.Account, err = account()
	return r, err
}
