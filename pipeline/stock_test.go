package pipeline_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/pipeline"
)

// stock is watermill-redisstream.
type stock struct {
	pipeline.Transport
	mu          sync.Mutex
	subscribers []message.Subscriber
}

// onStock returns a transport of stock watermill-redisstream. Its subscribers
// close their client, so each has one of its own. Messages that were read and not
// acknowledged for idle are read again.
func onStock(t *testing.T, idle time.Duration) *stock {
	t.Helper()
	publisher, err := redisstream.NewPublisher(redisstream.PublisherConfig{
		Client: redis.NewClient(&redis.Options{Addr: server.Addr()}),
	}, watermill.NopLogger{})
	if err != nil {
		t.Fatal(err)
	}
	s := &stock{}
	s.Transport = pipeline.Watermill(publisher, func(group string) (message.Subscriber, error) {
		subscriber, err := redisstream.NewSubscriber(redisstream.SubscriberConfig{
			Client:        redis.NewClient(&redis.Options{Addr: server.Addr()}),
			ConsumerGroup: group,
			BlockTime:     50 * time.Millisecond,
			MaxIdleTime:   idle,
			ClaimInterval: 200 * time.Millisecond,
			// Else its reader waits for ever for a first message.
			DisableIndefiniteInitialBlock: true,
		}, watermill.NopLogger{})
		if err != nil {
			return nil, err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.subscribers = append(s.subscribers, subscriber)
		return subscriber, nil
	})
	t.Cleanup(func() {
		for _, subscriber := range s.subscribers {
			if err := subscriber.Close(); err != nil {
				t.Error(err)
			}
		}
		if err := publisher.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestAPipelineRunsOnStockWatermillRedisstream(t *testing.T) {
	t.Parallel()
	p, transport, d := newPipeline(t), onStock(t, time.Minute), newDurable(t)
	in := pipeline.Source[int](p, "in")
	calls := map[int]int{}
	tried := pipeline.Stage(in, "try", func(_ context.Context, n int) (int, error) {
		calls[n]++
		switch {
		case n == 2 && calls[n] == 1:
			return 0, errors.New("once")
		case n == 3:
			return 0, pipeline.Permanent(errors.New("never"))
		case n == 4 && calls[n] == 1:
			return 0, pipeline.RetryAfter(100 * time.Millisecond)
		case n == 5:
			return 0, pipeline.Skip
		}
		return n, nil
	})
	var one, two collected[int]
	pipeline.Sink(tried, "one", one.add)
	pipeline.Sink(tried, "two", two.add)
	stop := start(t, p, transport)
	publish(t, in, transport, 1, 2, 3, 4, 5, 6)
	await(t, "all messages", func() bool { return len(one.all()) == 4 && len(two.all()) == 4 })
	stop()
	equal(t, "one", one.all(), 1, 2, 4, 6)
	equal(t, "two", two.all(), 1, 2, 4, 6)
	poison := d.poison(t, p)
	if len(poison) != 1 || string(poison[0].Payload) != "3" || poison[0].Metadata[pipeline.PoisonSubscriber] != "redisstream.Subscriber" {
		t.Errorf("poison: %v", poison)
	}
	// The last acknowledgement was not cut off.
	for _, stage := range []string{"one", "two"} {
		if n := d.pending(t, tried.Topics()[0], stage); n != 0 {
			t.Errorf("%d messages of stage %s are not acknowledged", n, stage)
		}
	}
}

func TestOnStockWatermillRedisstreamNothingAtWorkIsLostAtTheEnd(t *testing.T) {
	t.Parallel()
	p, transport, d := newPipeline(t), onStock(t, time.Second), newDurable(t)
	in := pipeline.Source[int](p, "in")
	working, finish := make(chan struct{}, 3), make(chan struct{})
	out := pipeline.Stage(in, "slow", func(ctx context.Context, n int) (int, error) {
		working <- struct{}{}
		<-finish
		return n, ctx.Err()
	})
	publish(t, in, transport, 1, 2)
	stop := start(t, p, transport)
	receive(t, "the handler to begin", working)
	time.AfterFunc(50*time.Millisecond, func() { close(finish) })
	stop()
	equal(t, "outputs of the first run", payloads(t, d, out), "1")
	stop = start(t, p, transport)
	await(t, "the second message", func() bool { return len(payloads(t, d, out)) == 2 })
	stop()
	equal(t, "outputs", payloads(t, d, out), "1", "2")
	if n := d.pending(t, in.Topics()[0], "slow"); n != 0 {
		t.Errorf("%d messages are not acknowledged", n)
	}
}
