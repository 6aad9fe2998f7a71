package streams_test

import (
	"context"
	"fmt"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
)

// A pipeline runs on a transport. The transport has nothing to close; the client
// is closed by who made it, when the pipeline has ended.
func ExampleNewTransport() {
	client, done := connect() // in a program: redis.NewClient(&redis.Options{Addr: "localhost:6379"})
	defer done()
	transport, err := streams.NewTransport(client, streams.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}

	p := pipeline.New("greetings")
	names := pipeline.Source[string](p, "names")
	pipeline.Sink(names, "greet", func(_ context.Context, name string) error {
		fmt.Println("hello,", name)
		return nil
	})
	publisher, err := pipeline.NewPublisher(names, transport)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer publisher.Close()
	if err := publisher.Publish(context.Background(), "Ada"); err != nil {
		fmt.Println(err)
		return
	}

	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx, transport) }()
	if err := p.WaitIdle(ctx, transport); err != nil {
		fmt.Println(err)
	}
	cancel()
	fmt.Println(<-ended)
	// Output:
	// hello, Ada
	// <nil>
}

// A group that is to get only what comes from now on has to be there before the
// publisher begins.
func ExampleSubscriber_SubscribeInitialize() {
	client, done := connect()
	defer done()
	subscriber, err := streams.NewSubscriber(client, "audit", streams.SubscriberConfig{Start: streams.FromNow})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer subscriber.Close()
	if err := subscriber.SubscribeInitialize("{example}:orders"); err != nil {
		fmt.Println(err)
		return
	}
	groups, err := client.XInfoGroups(context.Background(), "{example}:orders").Result()
	fmt.Println(groups[0].Name, err)
	// Output: audit <nil>
}

// What every group is done with is deleted, while a subscriber runs and when it
// closes, so a stream holds no more than what is still to do.
func ExampleTrim() {
	client, done := connect()
	defer done()
	subscriber, err := streams.NewSubscriber(client, "billing", streams.SubscriberConfig{
		Trim: &streams.Trim{},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	publisher, err := streams.NewPublisher(client, streams.PublisherConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer publisher.Close()
	messages, err := subscriber.Subscribe(context.Background(), "{example}:orders")
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 3 {
		if err := publisher.Publish("{example}:orders", message.NewMessage(watermill.NewUUID(), []byte("order"))); err != nil {
			fmt.Println(err)
			return
		}
		msg := <-messages
		msg.Ack()
	}
	if err := subscriber.Close(); err != nil {
		fmt.Println(err)
	}
	left, err := client.XLen(context.Background(), "{example}:orders").Result()
	fmt.Println(left, subscriber.Stats()[0].Trimmed, err)
	// Output: 0 3 <nil>
}
