package streams_test

import (
	"context"
	"fmt"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/streams"
)

// connect returns a client, and what closes it and leaves the server empty.
func connect() (client *redis.Client, done func()) {
	client = redis.NewClient(&redis.Options{Addr: server.Addr()})
	return client, func() {
		client.FlushDB(context.Background())
		_ = client.Close()
	}
}

func ExamplePublisher_Publish() {
	client, done := connect() // in a program: redis.NewClient(&redis.Options{Addr: "localhost:6379"})
	defer done()
	publisher, err := streams.NewPublisher(client, streams.PublisherConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer publisher.Close()

	// A topic is the key of a stream.
	err = publisher.Publish("{example}:greetings",
		message.NewMessage(watermill.NewUUID(), []byte("hello")),
		message.NewMessage(watermill.NewUUID(), []byte("world")))
	if err != nil {
		fmt.Println(err)
		return
	}
	n, err := client.XLen(context.Background(), "{example}:greetings").Result()
	fmt.Println(n, err)
	// Output: 2 <nil>
}

// A message whose key was published before is passed over, so a caller that does
// not know whether Publish went through calls it again.
func ExampleNewPublisher_idempotent() {
	client, done := connect()
	defer done()
	publisher, err := streams.NewPublisher(client, streams.PublisherConfig{
		IdempotencyKey: func(_ string, msg *message.Message) string { return msg.Metadata.Get("order") },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer publisher.Close()

	for range 3 {
		order := message.NewMessage(watermill.NewUUID(), []byte(`{"total": 42}`))
		order.Metadata.Set("order", "A-1")
		if err := publisher.Publish("{example}:orders", order); err != nil {
			fmt.Println(err)
			return
		}
	}
	n, err := client.XLen(context.Background(), "{example}:orders").Result()
	fmt.Println(n, err)
	// Output: 1 <nil>
}

func ExampleSubscriber_Subscribe() {
	client, done := connect()
	defer done()
	publisher, err := streams.NewPublisher(client, streams.PublisherConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer publisher.Close()
	subscriber, err := streams.NewSubscriber(client, "readers", streams.SubscriberConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer subscriber.Close()

	messages, err := subscriber.Subscribe(context.Background(), "{example}:letters")
	if err != nil {
		fmt.Println(err)
		return
	}
	letters := []*message.Message{message.NewMessage("1", []byte("a")), message.NewMessage("2", []byte("b"))}
	if err := publisher.Publish("{example}:letters", letters...); err != nil {
		fmt.Println(err)
		return
	}
	for range letters {
		msg := <-messages
		fmt.Println(string(msg.Payload))
		msg.Ack()
	}
	// Output:
	// a
	// b
}

// With a Watermill router: the handler's output has the context of its input, so
// it is published in the same atomic step that acknowledges the input.
func ExampleNewSubscriber() {
	client, done := connect()
	defer done()
	publisher, err := streams.NewPublisher(client, streams.PublisherConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	subscriber, err := streams.NewSubscriber(client, "greeter", streams.SubscriberConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	router, err := message.NewRouter(message.RouterConfig{}, watermill.NopLogger{})
	if err != nil {
		fmt.Println(err)
		return
	}
	greeted := make(chan string)
	greet := func(in *message.Message) ([]*message.Message, error) {
		payload := append([]byte("hello, "), in.Payload...)
		return []*message.Message{message.NewMessageWithContext(in.Context(), watermill.NewUUID(), payload)}, nil
	}
	show := func(in *message.Message) error {
		greeted <- string(in.Payload)
		return nil
	}
	router.AddHandler("greet", "{example}:names", subscriber, "{example}:greeted", publisher, greet)
	router.AddConsumerHandler("show", "{example}:greeted", subscriber, show)

	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- router.Run(ctx) }()
	<-router.Running()
	if err := publisher.Publish("{example}:names", message.NewMessage("1", []byte("Ada"))); err != nil {
		fmt.Println(err)
	}
	fmt.Println(<-greeted)
	cancel()
	fmt.Println(<-ended)
	// Output:
	// hello, Ada
	// <nil>
}
