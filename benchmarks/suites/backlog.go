package suites

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/streams"
)

// backlogSuite times work on a stream of growing length, behind whose end a group stays
// by that much: it works through the oldest messages while as many are published. Messages
// that go in and messages that come out count alike. There is no Pub/Sub in it, since
// nothing waits in a channel.
//
// Millstream trims, as it should in production. Nothing goes, since there is another group
// that has read nothing yet, and so it is with a backlog that grows: what is measured is
// looking for what could go.
func backlogSuite() Suite {
	return Suite{Name: "backlog", Question: "Does a message cost more when many wait?", Cases: backlogCases}
}

const (
	// backlogSize is the size of a payload by default: 10 million should find room.
	backlogSize = 100
	// longBacklog is from where on filling takes so long that few rounds are enough.
	longBacklog = 10_000_000
)

func backlogCases(c *Config) (cases []bench.Case) {
	size := or(c.Size, backlogSize)
	largest, reason := largestBacklog(context.Background(), c.Redis, size)
	for _, entries := range []int{10_000, 100_000, 1_000_000, longBacklog} {
		if c.Quick && entries > 100_000 {
			break
		}
		b := &backlog{Config: c, entries: entries, size: size}
		contenders := c.among(contendersOf(streamWays(streams.SubscriberConfig{Trim: &streams.Trim{}}), b.contender)...)
		if len(contenders) == 0 {
			break
		}
		if entries > largest {
			c.notice("backlog: %d messages are left out: %s", entries, reason)
			continue
		}
		one := bench.Case{
			Suite: "backlog", Name: "backlog=" + strconv.Itoa(entries),
			Title: fmt.Sprintf("in and out, %d messages behind", entries),
			Axis:  "backlog (messages)", At: float64(entries),
			Messages: min(or(c.Messages, defaultMessages), 2*entries), Open: b.open, Contenders: contenders,
		}
		if entries >= longBacklog {
			one.Rounds = 3
		}
		cases = append(cases, one)
	}
	return cases
}

// backlog is a case: a stream with so many entries, which all contenders share.
type backlog struct {
	*Config

	entries, size int

	site    *site
	topic   string
	newest  string
	figures []bench.Figure
}

// open fills the stream.
func (b *backlog) open(ctx context.Context) (closing func() error, err error) {
	b.site = newSite(b.Redis)
	closing = func() error { return b.site.end(ctx) }
	b.topic = b.site.topic("backlog")
	if err := b.fill(ctx); err != nil {
		return nil, errors.Join(err, closing())
	}
	return closing, nil
}

func (b *backlog) fill(ctx context.Context) (err error) {
	if err := fillOnServer(ctx, b.site.own, b.topic, b.entries, b.size); err != nil {
		return err
	}
	// This group never reads.
	if err := b.site.own.XGroupCreate(ctx, b.topic, "idle", "0").Err(); err != nil {
		return fmt.Errorf("make a group: %w", err)
	}
	const samples = 100
	// An imitation of Redis may not know.
	if used, err := b.site.own.MemoryUsage(ctx, b.topic, samples).Result(); err == nil {
		b.figures = []bench.Figure{{Name: "Redis memory", Unit: "B/message", Value: float64(used) / float64(b.entries)}}
	}
	b.newest, err = newest(ctx, b.site.own, b.topic)
	return err
}

func (b *backlog) contender(by way) bench.Contender {
	return bench.Contender{Name: by.sender.name, Measure: func(ctx context.Context, messages int) (r bench.Round, err error) {
		s := newSite(b.Redis)
		defer func() { err = errors.Join(err, s.end(ctx)) }()
		return b.measure(ctx, s, by, max(1, messages/2))
	}}
}

// measure has so many messages handled and as many published.
func (b *backlog) measure(ctx context.Context, s *site, by way, half int) (r bench.Round, err error) {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	s.atEnd(func() error { return b.restore(ctx, s) })
	c := calls{topic: b.topic, first: half, messages: half, batch: fanoutBatch, size: b.size}
	if c.send, err = by.sender.open(s, 1, c.batch); err != nil {
		return r, err
	}
	if err := c.dial(ctx, s, 1); err != nil {
		return r, err
	}
	runtime.GC() // what others left behind is not this one's
	start, out := time.Now(), bench.NewTally(half)
	stop, err := by.receiver.open(ctx, s, reception{
		topic: b.topic, group: s.tag, concurrency: 1, fail: fail, handle: b.oldest(out, half),
	})
	if err != nil {
		return r, err
	}
	stop = sync.OnceValue(stop)
	s.atEnd(stop)
	last, err := c.besides(ctx, fail, func() (time.Time, error) {
		last, err := allArrived(ctx, out)
		return last, errors.Join(err, stop()) // it would read on
	})
	if err != nil {
		return r, err
	}
	in, err := b.published(ctx, half)
	r.Elapsed, r.Account, r.Figures = last.Sub(start), out.Account().Plus(in), b.figures
	return r, err
}

// oldest returns a handler that counts the first messages of the backlog, and passes over
// those behind.
func (b *backlog) oldest(tally *bench.Tally, most int) func([]byte) {
	count := tallying(tally, b.size)
	return func(p []byte) {
		if i, _, ok := parse(p); !ok || i < most {
			count(p)
		}
	}
}

// besides sends all messages while something else is done, and returns when both have
// ended, with the time of the later.
func (c *calls) besides(ctx context.Context, fail func(error), do func() (time.Time, error)) (time.Time, error) {
	var (
		sent    time.Time
		sending sync.WaitGroup
	)
	sending.Go(func() {
		_, _, err := c.run(ctx, 1)
		sent = time.Now()
		if err != nil {
			fail(err)
		}
	})
	done, err := do()
	if err != nil {
		fail(err)
	}
	sending.Wait()
	if sent.After(done) {
		done = sent
	}
	return done, errors.Join(err, context.Cause(ctx))
}
