package pubsub_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/pubsub"
)

// connect returns a client of a Redis server. In a program:
//
//	redis.NewClient(&redis.Options{Addr: "redis:6379"})
func connect() *redis.Client { return redis.NewClient(&redis.Options{Addr: server.Addr()}) }

// Whoever listens gets the payload as it is, also with another client in another
// language.
func Example() {
	client := connect()
	defer client.Close()
	subscriber, err := pubsub.NewSubscriber(client, pubsub.SubscriberConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer subscriber.Close()
	messages, err := subscriber.Subscribe(context.Background(), "prices")
	if err != nil {
		fmt.Println(err)
		return
	}
	publisher, err := pubsub.NewPublisher(client, pubsub.PublisherConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer publisher.Close()
	err = publisher.Publish("prices", message.NewMessage(watermill.NewUUID(), []byte(`{"item":"tea","cents":250}`)))
	if err != nil {
		fmt.Println(err)
		return
	}
	msg := <-messages
	fmt.Println(string(msg.Payload))
	msg.Ack()
	// Output: {"item":"tea","cents":250}
}

// A pattern gets what is published to every channel that it fits.
func ExampleSubscriber_Subscribe_patterns() {
	client := connect()
	defer client.Close()
	subscriber, err := pubsub.NewSubscriber(client, pubsub.SubscriberConfig{Patterns: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer subscriber.Close()
	messages, err := subscriber.Subscribe(context.Background(), "tasks.*")
	if err != nil {
		fmt.Println(err)
		return
	}
	client.Publish(context.Background(), "tasks.done", "17")
	msg := <-messages
	fmt.Println(pubsub.ChannelFrom(msg.Context()), "by", pubsub.PatternFrom(msg.Context()))
	fmt.Println(msg.Metadata[pubsub.KeyChannel], "by", msg.Metadata[pubsub.KeyPattern])
	msg.Ack()
	// Output:
	// tasks.done by tasks.*
	// tasks.done by tasks.*
}

// In an envelope, UUID and metadata travel too. Subscribers find out by themselves
// what is in one.
func ExampleNewPublisher_envelope() {
	client := connect()
	defer client.Close()
	subscriber, err := pubsub.NewSubscriber(client, pubsub.SubscriberConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer subscriber.Close()
	messages, err := subscriber.Subscribe(context.Background(), "enveloped")
	if err != nil {
		fmt.Println(err)
		return
	}
	publisher, err := pubsub.NewPublisher(client, pubsub.PublisherConfig{Envelope: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	msg := message.NewMessage("order-17", []byte("shipped"))
	msg.Metadata.Set("tenant", "a")
	if err := publisher.Publish("enveloped", msg); err != nil {
		fmt.Println(err)
		return
	}
	msg = <-messages
	fmt.Println(msg.UUID, msg.Metadata["tenant"], string(msg.Payload))
	msg.Ack()
	// Output: order-17 a shipped
}

// A publisher that wants to know whether anybody listens.
func ExamplePublisher_Publish_receivers() {
	client := connect()
	defer client.Close()
	publisher, err := pubsub.NewPublisher(client, pubsub.PublisherConfig{
		RequireReceivers: true,
		OnPublished: func(topic string, _ *message.Message, receivers int64) {
			fmt.Println(topic, "has", receivers, "receivers")
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = publisher.Publish("deserted", message.NewMessage(watermill.NewUUID(), nil))
	fmt.Println(errors.Is(err, pubsub.ErrNoReceivers))
	// Output:
	// deserted has 0 receivers
	// true
}

// A handler that is too slow loses messages, and Stats tell how many.
func ExampleSubscriber_Stats() {
	client := connect()
	defer client.Close()
	subscriber, err := pubsub.NewSubscriber(client, pubsub.SubscriberConfig{Buffer: 10, Overflow: pubsub.DropOldest})
	if err != nil {
		fmt.Println(err)
		return
	}
	messages, err := subscriber.Subscribe(context.Background(), "flood")
	if err != nil {
		fmt.Println(err)
		return
	}
	client.Publish(context.Background(), "flood", 0)
	slow := <-messages
	for i := range 100 {
		client.Publish(context.Background(), "flood", i+1)
	}
	for subscriber.Stats()[0].Received < 101 {
		// Until all have come.
	}
	slow.Ack()
	msg := <-messages
	fmt.Println("next:", string(msg.Payload))
	msg.Ack()
	_ = subscriber.Close()
	s := subscriber.Stats()[0]
	fmt.Println(s.Topic, "received:", s.Received)
	fmt.Println("lost to the full buffer:", s.Lost.Overflow)
	fmt.Println("adds up:", s.Received == s.Acked+s.Poisoned+s.Lost.Total()+s.Held)
	// Output:
	// next: 91
	// flood received: 101
	// lost to the full buffer: 90
	// adds up: true
}

// What was published while there was no connection is lost, and nobody can count it;
// how long that was is told.
func ExampleGap() {
	client := connect()
	defer client.Close()
	gaps := make(chan pubsub.Gap, 1)
	subscriber, err := pubsub.NewSubscriber(client, pubsub.SubscriberConfig{OnGap: func(gap pubsub.Gap) { gaps <- gap }})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer subscriber.Close()
	if _, err := subscriber.Subscribe(context.Background(), "prices"); err != nil {
		fmt.Println(err)
		return
	}
	client.ClientKillByFilter(context.Background(), "TYPE", "pubsub") // as a network might
	gap := <-gaps
	fmt.Println("missed what came on", gap.Topic, "for a while:", gap.Duration() > 0)
	switch {
	case errors.Is(gap.Cause, pubsub.ErrOutputBufferLimit):
		fmt.Println("the handler is too slow")
	case errors.Is(gap.Cause, pubsub.ErrRestarted):
		fmt.Println("Redis was restarted")
	default:
		fmt.Println("the connection broke")
	}
	// Output:
	// missed what came on prices for a while: true
	// the connection broke
}

// The buffer's policy is chosen when the subscriber is made.
func ExampleOverflow() {
	fmt.Println(pubsub.DropOldest, pubsub.DropNewest, pubsub.Block)
	// Output: DropOldest DropNewest Block
}

// A transport makes the publishers and subscribers of a pipeline's stages.
func ExampleNewTransport() {
	client := connect()
	defer client.Close()
	transport, err := pubsub.NewTransport(client, pubsub.Config{
		Publisher:  pubsub.PublisherConfig{Envelope: true},
		Subscriber: pubsub.SubscriberConfig{Overflow: pubsub.DropNewest},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	publisher, err := transport.Publisher()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer publisher.Close()
	subscriber, err := transport.Subscriber(handoff.Subscription{Topic: "orders", Concurrency: 4})
	if err != nil {
		fmt.Println(err)
		return
	}
	messages, err := subscriber.Subscribe(context.Background(), "orders")
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := publisher.Publish("orders", message.NewMessage("17", nil)); err != nil {
		fmt.Println(err)
		return
	}
	msg := <-messages
	fmt.Println(msg.UUID, msg.Ack())
	_ = subscriber.Close()
	fmt.Println("acknowledged:", transport.Stats()[0].Acked)
	// Output:
	// 17 true
	// acknowledged: 1
}
