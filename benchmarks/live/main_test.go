package live_test

import (
	"log/slog"
	"os"
	"testing"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/pubsub"
	"github.com/millstream-go/millstream/streams"
)

func TestMain(m *testing.M) {
	os.Exit(redistest.Main(m, func(*redistest.Server) {})) // each has servers of its own
}

var quiet = slog.New(slog.DiscardHandler)

// carrier is one of the two ways to carry messages.
type carrier struct {
	name       string
	publisher  func(*redis.Client) (message.Publisher, error)
	subscriber func(c *redis.Client, group string) (message.Subscriber, error)
}

var carriers = []carrier{
	{
		name: "pubsub",
		publisher: func(c *redis.Client) (message.Publisher, error) {
			return pubsub.NewPublisher(c, pubsub.PublisherConfig{})
		},
		subscriber: func(c *redis.Client, _ string) (message.Subscriber, error) {
			return pubsub.NewSubscriber(c, pubsub.SubscriberConfig{Overflow: pubsub.Block, Logger: quiet})
		},
	},
	{
		name: "streams",
		publisher: func(c *redis.Client) (message.Publisher, error) {
			return streams.NewPublisher(c, streams.PublisherConfig{})
		},
		subscriber: func(c *redis.Client, group string) (message.Subscriber, error) {
			return streams.NewSubscriber(c, group, streams.SubscriberConfig{Logger: quiet})
		},
	},
}

const (
	payloadSize = 200
	burst       = 5_000
)

func newTopic() string { return "{" + watermill.NewUUID() + "}" }

func newMessage(payload []byte) *message.Message {
	return message.NewMessage(watermill.NewUUID(), payload)
}
