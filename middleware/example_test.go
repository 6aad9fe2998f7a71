package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/streams"
)

// Retry works with any Watermill handler.
func ExampleRetry() {
	retry := middleware.Retry{
		MaxAttempts:     3,
		InitialInterval: time.Millisecond,
		OnRetry: func(_ *message.Message, attempt int, err error, _ time.Duration) {
			fmt.Printf("attempt %d failed: %v\n", attempt, err)
		},
	}
	calls := 0
	handler := retry.Middleware(func(*message.Message) ([]*message.Message, error) {
		if calls++; calls < 3 {
			return nil, errors.New("the bank does not answer")
		}
		fmt.Println("charged")
		return nil, nil
	})
	_, err := handler(message.NewMessage(watermill.NewUUID(), nil))
	fmt.Println(err)
	// Output:
	// attempt 1 failed: the bank does not answer
	// attempt 2 failed: the bank does not answer
	// charged
	// <nil>
}

// connect returns a client, and what closes it and leaves the server empty.
func connect() (client *redis.Client, done func()) {
	client = redis.NewClient(&redis.Options{Addr: server.Addr()})
	return client, func() {
		client.FlushDB(context.Background())
		_ = client.Close()
	}
}

// On a transport such as streams, a message is marked in the same step that commits
// it. The second message of order A-1 leaves no charge.
func ExampleDedup() {
	client, done := connect() // in a program: redis.NewClient(&redis.Options{Addr: "localhost:6379"})
	defer done()
	publisher, err := streams.NewPublisher(client, streams.PublisherConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	subscriber, err := streams.NewSubscriber(client, "charging", streams.SubscriberConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, order := range []string{"A-1", "A-1", "A-2"} {
		msg := message.NewMessage(watermill.NewUUID(), []byte(order))
		if err := publisher.Publish("{example}:orders", msg); err != nil {
			fmt.Println(err)
			return
		}
	}

	router, err := message.NewRouter(message.RouterConfig{}, watermill.NopLogger{})
	if err != nil {
		fmt.Println(err)
		return
	}
	dedup := middleware.Dedup{Key: func(msg *message.Message) string { return string(msg.Payload) }}
	charge := func(order *message.Message) ([]*message.Message, error) {
		// The order's context makes the charge a part of what is committed with it.
		return message.Messages{message.NewMessageWithContext(order.Context(), watermill.NewUUID(), order.Payload)}, nil
	}
	charged := make(chan string)
	show := func(charge *message.Message) error {
		charged <- string(charge.Payload)
		return nil
	}
	router.AddHandler("charge", "{example}:orders", subscriber, "{example}:charged", publisher, charge).AddMiddleware(dedup.Middleware)
	router.AddConsumerHandler("show", "{example}:charged", subscriber, show)

	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- router.Run(ctx) }()
	fmt.Println(<-charged)
	fmt.Println(<-charged)
	cancel()
	fmt.Println(<-ended)
	// Output:
	// A-1
	// A-2
	// <nil>
}
