package redisstore_test

import (
	"context"
	"fmt"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/middleware/redisstore"
)

// A store in Redis, for messages of a transport that has no handoff: order A-1 is
// charged once, whatever process gets it.
func ExampleNewDedup() {
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer client.Close()
	store, err := redisstore.NewDedup(client, redisstore.DedupConfig{Prefix: "shop:dedup:"})
	if err != nil {
		fmt.Println(err)
		return
	}
	channel := gochannel.NewGoChannel(gochannel.Config{}, watermill.NopLogger{})
	defer channel.Close()
	router, err := message.NewRouter(message.RouterConfig{}, watermill.NopLogger{})
	if err != nil {
		fmt.Println(err)
		return
	}
	charged, dropped := make(chan string), make(chan string)
	dedup := middleware.Dedup{
		Store:       store,
		Key:         middleware.ByMetadata("order"),
		OnDuplicate: func(msg *message.Message) { dropped <- msg.Metadata.Get("order") },
	}
	router.AddMiddleware(dedup.Middleware)
	router.AddConsumerHandler("charge", "orders", channel, func(order *message.Message) error {
		charged <- order.Metadata.Get("order")
		return nil
	})
	ended := make(chan error)
	go func() { ended <- router.Run(context.Background()) }()
	<-router.Running()

	for range 2 {
		msg := message.NewMessage(watermill.NewUUID(), nil)
		msg.Metadata.Set("order", "A-1")
		if err := channel.Publish("orders", msg); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Println("charged", <-charged)
	fmt.Println("dropped", <-dropped)
	// The router, then the store, then the client.
	fmt.Println(router.Close(), <-ended, store.Close())
	fmt.Println(client.Get(context.Background(), "shop:dedup:charge:A-1").Val())
	client.Del(context.Background(), "shop:dedup:charge:A-1")
	// Output:
	// charged A-1
	// dropped A-1
	// <nil> <nil> <nil>
	// done
}
