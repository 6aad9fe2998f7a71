package chain

import (
	"context"
	"fmt"

	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/redis/go-redis/v9"
)

// stock is Watermill's router on watermill-redisstream, all settings as they come.
//
// One subscription delivers one message at a time, so concurrency means that
// many handlers a stage in one consumer group. Each subscriber and publisher has
// a client to itself, since each closes the one it was given.
type stock struct{}

func (stock) Name() string { return Stock }

func (stock) Run(ctx context.Context, c Chain) error {
	router, err := newRouter()
	if err != nil {
		return err
	}
	var clients []*redis.Client
	defer func() {
		for _, client := range clients {
			_ = client.Close() // most were closed by their subscriber or publisher
		}
	}()
	connect := func() *redis.Client {
		client := c.Connect()
		clients = append(clients, client)
		return client
	}
	for i := 1; i <= c.Stages; i++ {
		for lane := range c.Concurrency {
			subscriber, err := redisstream.NewSubscriber(redisstream.SubscriberConfig{
				Client: connect(), ConsumerGroup: stageName(i),
			}, nil)
			if err != nil {
				return err
			}
			publisher, err := redisstream.NewPublisher(redisstream.PublisherConfig{Client: connect()}, nil)
			if err != nil {
				return err
			}
			router.AddHandler(fmt.Sprintf("%s-%d", stageName(i), lane), c.Topic(i-1), subscriber, c.Topic(i), publisher, c.pass(i))
		}
	}
	return runRouter(ctx, router)
}
