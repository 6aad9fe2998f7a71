package streams_test

import (
	"context"
	"testing"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/streams"
)

// wireMessages are what must pass unchanged between this package and stock
// watermill-redisstream.
func wireMessages() []*message.Message {
	plain := message.NewMessage(watermill.NewUUID(), []byte(`{"n":1}`))
	plain.Metadata.Set("tenant", "a")
	plain.Metadata.Set("Grüße", "\x00\xff\xfe binary \r\n")
	binary := make([]byte, 256)
	for i := range binary {
		binary[i] = byte(i)
	}
	return []*message.Message{
		plain,
		message.NewMessage(watermill.NewUUID(), binary),
		message.NewMessage(watermill.NewUUID(), nil),
		message.NewMessage(watermill.NewUUID(), []byte{}),
	}
}

func requireSame(t *testing.T, want []*message.Message, messages <-chan *message.Message) {
	t.Helper()
	for _, w := range want {
		got := receive(t, messages)
		require.Equal(t, w.UUID, got.UUID)
		require.Equal(t, string(w.Payload), string(got.Payload))
		require.Equal(t, w.Metadata, got.Metadata)
		got.Ack()
	}
}

func TestAStockPublishersMessagesAreRead(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	stock, err := redisstream.NewPublisher(redisstream.PublisherConfig{Client: redis.NewClient(c.Options())}, watermill.NopLogger{})
	require.NoError(t, err)
	defer stock.Close()
	want := wireMessages()
	require.NoError(t, stock.Publish(topic, want...))
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{})
	requireSame(t, want, messages)
	settled(t, c, topic)
}

func TestAStockSubscriberReadsOurMessages(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	want := wireMessages()
	// Staged messages go another way to Redis than others: both must do.
	publish(t, c, topic+"in", "1")
	in, _ := subscribe(t, c, topic+"in", streams.SubscriberConfig{})
	delivery := receive(t, in)
	publisher := newPublisher(t, c, streams.PublisherConfig{})
	require.NoError(t, publisher.Publish(topic, want...))
	var staged []*message.Message
	for _, w := range wireMessages() {
		w.SetContext(delivery.Context())
		staged = append(staged, w)
	}
	require.NoError(t, publisher.Publish(topic, staged...))
	delivery.Ack()
	settled(t, c, topic+"in")

	stock, err := redisstream.NewSubscriber(redisstream.SubscriberConfig{
		Client: redis.NewClient(c.Options()), ConsumerGroup: "stock",
	}, watermill.NopLogger{})
	require.NoError(t, err)
	defer stock.Close()
	messages, err := stock.Subscribe(context.Background(), topic)
	require.NoError(t, err)
	requireSame(t, append(want, staged...), messages)
}

// Two kinds of consumers in one group, as when a system moves from one to the other.
func TestAStockConsumersMessagesAreTakenOver(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	publish(t, c, topic, "1", "2", "3")
	own := redis.NewClient(c.Options())
	stock, err := redisstream.NewSubscriber(redisstream.SubscriberConfig{Client: own, ConsumerGroup: "g"}, watermill.NopLogger{})
	require.NoError(t, err)
	held, err := stock.Subscribe(context.Background(), topic)
	require.NoError(t, err)
	first := receive(t, held)
	require.NoError(t, stock.Close())

	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{IdleTime: shortIdle})
	seen := map[string]bool{}
	for len(seen) < 3 {
		msg := receive(t, messages)
		seen[msg.UUID] = true
		msg.Ack()
	}
	require.True(t, seen[first.UUID])
	settled(t, c, topic)
}
