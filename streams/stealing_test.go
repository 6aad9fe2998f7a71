package streams_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/streams"
)

// Workers that take messages out of each other's hands all the time: many are
// handled more than once, and each must come out exactly once in every topic.
func TestStolenMessagesComeOutOnce(t *testing.T) {
	for name, topics := range map[string][]string{
		"one output":                {"a"},
		"two outputs to two topics": {"a", "b"},
	} {
		t.Run(name, func(t *testing.T) {
			const messages, workers = 20_000, 8
			if testing.Short() {
				t.Skip("takes seconds")
			}
			in := newTopic(t)
			c := client(t)
			preload(t, c, in, messages)

			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var running sync.WaitGroup
			for i := range workers {
				running.Go(func() {
					shared := redis.NewClient(c.Options())
					defer shared.Close()
					subscriber, err := streams.NewSubscriber(shared, "g", streams.SubscriberConfig{
						Consumer: consumerName(i), Concurrency: 4,
						IdleTime: 30 * time.Millisecond, DrainTimeout: time.Minute,
						Logger: discard,
					})
					if err != nil {
						t.Error(err)
						return
					}
					received, err := subscriber.Subscribe(context.Background(), in)
					if err != nil {
						t.Error(err)
						return
					}
					publisher, err := streams.NewPublisher(shared, streams.PublisherConfig{})
					if err != nil {
						t.Error(err)
						return
					}
					var handling sync.WaitGroup
					for range 4 {
						handling.Go(func() { relay(t, received, publisher, in, topics) })
					}
					<-ctx.Done()
					_ = subscriber.Close()
					handling.Wait()
				})
			}
			running.Go(func() { steal(ctx, t, client(t), in, workers) })

			eventually(t, func() bool {
				n, err := c.XLen(ctx, in+topics[len(topics)-1]).Result()
				return err == nil && n >= messages && len(pendingOf(t, c, in)) == 0
			}, "not all messages came out")
			cancel()
			running.Wait()
			for _, topic := range topics {
				requireEachOnce(t, uuids(decoded(t, c, in+topic)), messages)
			}
		})
	}
}

func consumerName(i int) string { return "worker-" + strconv.Itoa(i) }

// preload adds messages whose UUIDs count from 0.
func preload(t testing.TB, c redis.UniversalClient, topic string, n int) {
	t.Helper()
	batch := make([]*message.Message, n)
	for i := range batch {
		batch[i] = message.NewMessage(strconv.Itoa(i), nil)
	}
	require.NoError(t, newPublisher(t, c, streams.PublisherConfig{}).Publish(topic, batch...))
}

// relay publishes an output of the same UUID to each topic.
func relay(t *testing.T, received <-chan *message.Message, publisher message.Publisher, in string, topics []string) {
	for msg := range received {
		for _, topic := range topics {
			if err := publisher.Publish(in+topic, out(msg, msg.UUID)); err != nil {
				t.Errorf("publish: %v", err)
			}
		}
		if handoff.FromContext(msg.Context()).Attempt < 3 && rand.IntN(100) == 0 {
			time.Sleep(time.Duration(rand.IntN(5)) * time.Millisecond) // in other's hands meanwhile
		}
		msg.Ack()
	}
}

// steal moves pending entries to workers that know nothing of them, until ctx ends.
// They find them when they have lain idle; those they came from go on unaware.
func steal(ctx context.Context, t *testing.T, c redis.UniversalClient, topic string, workers int) {
	for ctx.Err() == nil {
		pending, err := c.XPendingExt(ctx, &redis.XPendingExtArgs{Stream: topic, Group: "g", Start: "-", End: "+", Count: 200}).Result()
		if err != nil || len(pending) == 0 {
			continue
		}
		var ids []string
		for _, p := range pending {
			if rand.IntN(4) == 0 {
				ids = append(ids, p.ID)
			}
		}
		if len(ids) == 0 {
			continue
		}
		thief := consumerName(rand.IntN(workers))
		if err := c.XClaimJustID(ctx, &redis.XClaimArgs{Stream: topic, Group: "g", Consumer: thief, Messages: ids}).Err(); err != nil && ctx.Err() == nil {
			t.Errorf("steal: %v", err)
		}
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
		}
	}
}

// requireEachOnce fails unless ids are the numbers below n, each once.
func requireEachOnce(t testing.TB, ids []string, n int) {
	t.Helper()
	seen := make(map[string]int, n)
	for _, id := range ids {
		seen[id]++
	}
	var wrong []string
	for i := range n {
		if id := strconv.Itoa(i); seen[id] != 1 {
			wrong = append(wrong, fmt.Sprintf("%s: %d times", id, seen[id]))
		}
	}
	require.Empty(t, wrong[:min(len(wrong), 10)], "%d of %d messages are wrong", len(wrong), n)
	require.Len(t, ids, n)
}
