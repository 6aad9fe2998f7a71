package pubsub_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/pubsub"
)

// receiveFirst publishes a message and returns it unsettled.
func receiveFirst(t *testing.T, c *redis.Client, messages <-chan *message.Message) *message.Message {
	t.Helper()
	publish(t, c, "topic", "first")
	return receive(t, messages)
}

// A subscriber that is too slow: what was published was received, and what was
// received is counted, to the last message.
func TestPublishedIsReceivedAndCountedAsLost(t *testing.T) {
	t.Parallel()
	const published, buffer = 5000, 50
	for policy, want := range map[pubsub.Overflow]struct {
		first, last string
		lost        uint64
	}{
		pubsub.DropOldest: {"4951", "5000", published - buffer - 1},
		pubsub.DropNewest: {"2", "51", published - buffer - 1},
		pubsub.Block:      {"2", "5000", 0},
	} {
		t.Run(policy.String(), func(t *testing.T) {
			t.Parallel()
			topic, c := newTopic(), client(t)
			messages, s := subscribe(t, c, topic, pubsub.SubscriberConfig{Overflow: policy, Buffer: buffer})
			publish(t, c, topic, "1")
			stuck := receive(t, messages)
			publish(t, c, topic, numbers(2, published)...)
			if policy == pubsub.Block {
				eventually(t, func() bool { return statsOf(t, s).Held == buffer+2 }, "one is with the handler, one waits for room")
			} else {
				eventually(t, func() bool { return statsOf(t, s).Received == published }, "all came")
				stats := statsOf(t, s)
				require.EqualValues(t, buffer+1, stats.Held)
				require.Equal(t, pubsub.Lost{Overflow: want.lost}, stats.Lost)
			}
			stuck.Ack()
			rest := payloads(t, messages, int(published-1-want.lost))
			require.Equal(t, want.first, rest[0])
			require.Equal(t, want.last, rest[len(rest)-1])
			eventually(t, func() bool { return statsOf(t, s).Held == 0 }, "all are settled")
			stats := statsOf(t, s)
			require.EqualValues(t, published, stats.Received)
			require.EqualValues(t, published, stats.Acked+stats.Lost.Overflow)
			require.Equal(t, pubsub.Lost{Overflow: want.lost}, stats.Lost)
			require.Zero(t, stats.Gaps)
		})
	}
}

func TestTheBufferIsBoundedInBytes(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(), client(t)
	messages, s := subscribe(t, c, topic, pubsub.SubscriberConfig{BufferBytes: 1000, Overflow: pubsub.DropNewest})
	publish(t, c, topic, "first")
	stuck := receive(t, messages)
	large := strings.Repeat("x", 400)
	publish(t, c, topic, large, large, large, "small")
	eventually(t, func() bool { return statsOf(t, s).Received == 5 }, "all came")
	require.Equal(t, pubsub.Lost{Overflow: 1}, statsOf(t, s).Lost)
	stuck.Ack()
	require.Equal(t, []string{large, large, "small"}, payloads(t, messages, 3))

	huge := strings.Repeat("x", 5000)
	publish(t, c, topic, huge)
	require.Equal(t, []string{huge}, payloads(t, messages, 1), "one that is larger than the buffer waits alone")
}

// At any moment, whatever goes on.
func TestTheCountsAddUpAtAnyMoment(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(), client(t)
	for _, policy := range []pubsub.Overflow{pubsub.DropOldest, pubsub.DropNewest, pubsub.Block} {
		messages, s := subscribe(t, c, topic, pubsub.SubscriberConfig{
			Overflow: policy, Buffer: 8, Concurrency: 3, MaxRedeliveries: 1,
			NackDelay: time.Millisecond, DrainTimeout: time.Millisecond,
		})
		var handlers sync.WaitGroup
		handlers.Go(func() {
			n := 0
			for msg := range messages {
				switch n++; n % 4 {
				case 0:
					msg.Nack()
				case 1: // never settled, or late
					if n%100 == 1 {
						continue
					}
					fallthrough
				default:
					msg.Ack()
				}
				if n > 150 {
					return
				}
			}
		})
		ctx, cancel := context.WithCancel(t.Context())
		var watch sync.WaitGroup
		watch.Go(func() {
			for ctx.Err() == nil {
				statsOf(t, s)
			}
		})
		publish(t, c, topic, numbers(1, 400)...)
		eventually(t, func() bool { return statsOf(t, s).Acked > 0 }, "something is done")
		require.NoError(t, s.Close())
		cancel()
		watch.Wait()
		handlers.Wait()
		stats := statsOf(t, s)
		require.Zero(t, stats.Held)
		require.Positive(t, stats.Acked)
		require.Positive(t, stats.Lost.Closed)
	}
}

// The slowest of those who share a connection and block sets the pace; otherwise
// nobody feels the others.
func TestASlowSubscriptionCostsOthersNothingUnlessItBlocks(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(), client(t)
	s := newSubscriber(t, c, pubsub.SubscriberConfig{Buffer: 1, DrainTimeout: time.Millisecond})
	stuck, err := s.Subscribe(t.Context(), topic)
	require.NoError(t, err)
	quick, err := s.Subscribe(t.Context(), topic)
	require.NoError(t, err)
	for _, payload := range numbers(1, 100) {
		publish(t, c, topic, payload)
		require.Equal(t, []string{payload}, payloads(t, quick, 1))
	}
	receive(t, stuck)
	require.EqualValues(t, 1, c.PubSubNumSub(t.Context(), topic).Val()[topic], "they share a connection")
}
