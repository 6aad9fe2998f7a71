package suites

import (
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/benchmarks/bench"
)

// counter is the one listener of a channel whose messages are to be accounted for: a
// channel keeps nothing that could be looked at afterwards. It costs the machine
// something that a stream does not, each message comes back through the server. It must
// keep up, so a window bounds what is on the way to it: then the time that publishers
// wait for it is part of what they take, if not of a call's latency.
type counter struct {
	client *redis.Client
	topic  string
	window *window
	tally  *bench.Tally
	// over is closed by the last message, which is counted nowhere.
	over chan struct{}
}

// end is what is published last.
const end = "end"

// What may be on the way to a listener: well below 32 MiB, or 8 MiB for a minute, at
// which Redis disconnects one by default.
const (
	mostOnTheWay      = 10_000
	mostBytesOnTheWay = 4 << 20
	// envelope is about what a message is on the wire beside its payload.
	envelope = 100
)

// onTheWay returns how many messages of a size may be on the way.
func onTheWay(most, size int) int {
	return max(1, min(most, mostBytesOnTheWay/(size+envelope)))
}

func newCounter(ctx context.Context, s *site, topic string, messages, size int) (*counter, error) {
	c := &counter{
		client: s.own, topic: topic, window: newWindow(onTheWay(mostOnTheWay, size), 1),
		tally: bench.NewTally(messages), over: make(chan struct{}),
	}
	count, closeOver := tallying(c.tally, size), sync.OnceFunc(func() { close(c.over) })
	stop, err := listen(ctx, s.connect(), topic, func(p []byte) {
		if string(p) == end {
			closeOver()
			return
		}
		count(p)
		c.window.arrived(0)
	})
	if err != nil {
		return nil, err
	}
	s.atEnd(stop)
	return c, nil
}

// account returns what became of all messages, which must have been published: what has
// not come before something that is published now will not come.
func (c *counter) account(ctx context.Context) (bench.Account, error) {
	const again = 100 * time.Millisecond
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		if err := c.client.Publish(ctx, c.topic, end).Err(); err != nil {
			return bench.Account{}, err
		}
		select {
		case <-c.over:
			return c.tally.Account(), nil
		case <-late.C:
			return c.tally.Account(), nil
		case <-ctx.Done():
			return bench.Account{}, context.Cause(ctx)
		case <-time.After(again): // it may have been lost, as others may
		}
	}
}
