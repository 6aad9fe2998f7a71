package live_test

import (
	"context"
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

// server is a real Redis that the benchmarks share.
var server *redistest.Server

func TestMain(m *testing.M) {
	redis.SetLogger(silent{}) // a server that is killed would fill the screen
	os.Exit(redistest.Main(m, func(s *redistest.Server) { server = s }))
}

var quiet = slog.New(slog.DiscardHandler)

// silent is a logger for go-redis.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

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

func newMessage(payload []byte) *message.Message {
	return message.NewMessage(watermill.NewUUID(), payload)
}
