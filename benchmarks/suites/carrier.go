package suites

import (
	"log/slog"

	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/pubsub"
	"github.com/millstream-go/millstream/streams"
)

// carrier is a contender that has publishers and subscribers of Watermill, all settings
// as they come. Each is given a client to itself, which stock ones close when they are
// closed; closing it again does no harm.
type carrier struct {
	name       string
	publisher  func(*redis.Client) (message.Publisher, error)
	subscriber func(c *redis.Client, group string) (message.Subscriber, error)
}

var quiet = slog.New(slog.DiscardHandler)

func millstreamCarrier() carrier {
	return carrier{
		name: Millstream,
		publisher: func(c *redis.Client) (message.Publisher, error) {
			return streams.NewPublisher(c, streams.PublisherConfig{})
		},
		subscriber: func(c *redis.Client, group string) (message.Subscriber, error) {
			return streams.NewSubscriber(c, group, streams.SubscriberConfig{Logger: quiet})
		},
	}
}

func stockCarrier() carrier {
	return carrier{
		name: Stock,
		publisher: func(c *redis.Client) (message.Publisher, error) {
			return redisstream.NewPublisher(redisstream.PublisherConfig{Client: c}, nil)
		},
		subscriber: func(c *redis.Client, group string) (message.Subscriber, error) {
			return redisstream.NewSubscriber(redisstream.SubscriberConfig{Client: c, ConsumerGroup: group}, nil)
		},
	}
}

// pubsubCarrier makes subscribers that hold up Redis when they cannot keep up, or drop
// the oldest message, as they do by default.
func pubsubCarrier(overflow pubsub.Overflow) carrier {
	return carrier{
		name: PubSub,
		publisher: func(c *redis.Client) (message.Publisher, error) {
			return pubsub.NewPublisher(c, pubsub.PublisherConfig{})
		},
		subscriber: func(c *redis.Client, _ string) (message.Subscriber, error) {
			return pubsub.NewSubscriber(c, pubsub.SubscriberConfig{Overflow: overflow, Logger: quiet})
		},
	}
}
