package pubsub_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/pubsub"
)

// patience is how long a test waits for what must happen.
const patience = 30 * time.Second

// client returns a client of the shared server.
func client(t testing.TB) *redis.Client {
	t.Helper()
	return server.Client(t)
}

func newTopic() string { return "topic." + watermill.NewShortUUID() }

func newPublisher(t testing.TB, c redis.UniversalClient, config pubsub.PublisherConfig) *pubsub.Publisher {
	t.Helper()
	p, err := pubsub.NewPublisher(c, config)
	require.NoError(t, err)
	return p
}

func newSubscriber(t testing.TB, c redis.UniversalClient, config pubsub.SubscriberConfig) *pubsub.Subscriber {
	t.Helper()
	s, err := pubsub.NewSubscriber(c, config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func subscribe(t testing.TB, c redis.UniversalClient, topic string, config pubsub.SubscriberConfig) (<-chan *message.Message, *pubsub.Subscriber) {
	t.Helper()
	s := newSubscriber(t, c, config)
	messages, err := s.Subscribe(context.Background(), topic)
	require.NoError(t, err)
	return messages, s
}

// publish publishes payloads as any client would.
func publish(t testing.TB, c redis.UniversalClient, channel string, payloads ...string) {
	t.Helper()
	for _, payload := range payloads {
		require.NoError(t, c.Publish(context.Background(), channel, payload).Err())
	}
}

// numbers returns the payloads from first to last.
func numbers(first, last int) (payloads []string) {
	for i := first; i <= last; i++ {
		payloads = append(payloads, strconv.Itoa(i))
	}
	return payloads
}

// receive waits for a message.
func receive(t testing.TB, messages <-chan *message.Message) *message.Message {
	t.Helper()
	select {
	case msg, ok := <-messages:
		require.True(t, ok, "the channel is closed")
		return msg
	case <-time.After(patience):
		require.Fail(t, "no message came")
		return nil
	}
}

// payloads acknowledges n messages and returns their payloads.
func payloads(t testing.TB, messages <-chan *message.Message, n int) (payloads []string) {
	t.Helper()
	for range n {
		msg := receive(t, messages)
		payloads = append(payloads, string(msg.Payload))
		msg.Ack()
	}
	return payloads
}

func eventually(t testing.TB, condition func() bool, text string) {
	t.Helper()
	require.Eventually(t, condition, patience, 2*time.Millisecond, text)
}

// statsOf returns the counts of the only topic, which add up.
func statsOf(t testing.TB, s interface{ Stats() []pubsub.Stats }) pubsub.Stats {
	t.Helper()
	all := s.Stats()
	require.Len(t, all, 1)
	require.NoError(t, adds(all[0]))
	return all[0]
}

func adds(s pubsub.Stats) error {
	if s.Received != s.Acked+s.Poisoned+s.Lost.Total()+s.Held {
		return fmt.Errorf("messages are missing: %+v", s)
	}
	return nil
}
