package chain

import (
	"context"
	"log/slog"

	"github.com/millstream-go/millstream/pubsub"
)

// pubSub is Watermill's router on Millstream's Pub/Sub. A subscriber that cannot keep up
// holds up Redis, but where a chain is lossy: by default it drops messages. A stage has
// one subscription, which gets everything, and as many handlers at once as the chain's
// concurrency says.
type pubSub struct{ keepsNothing }

func (pubSub) Name() string { return PubSub }

func (pubSub) Run(ctx context.Context, c Chain) error {
	client := c.Connect()
	defer client.Close()
	router, err := newRouter()
	if err != nil {
		return err
	}
	overflow := pubsub.Block
	if c.Lossy {
		overflow = pubsub.DropOldest
	}
	for i := 1; i <= c.Stages; i++ {
		subscriber, err := pubsub.NewSubscriber(client, pubsub.SubscriberConfig{
			Concurrency: c.Concurrency, Overflow: overflow, Logger: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			return err
		}
		// One for each stage: the router closes the publisher of a handler that ends.
		publisher, err := pubsub.NewPublisher(client, pubsub.PublisherConfig{})
		if err != nil {
			return err
		}
		router.AddHandler(stageName(i), c.Topic(i-1), subscriber, c.Topic(i), publisher, c.pass(i))
	}
	return runRouter(ctx, router)
}
