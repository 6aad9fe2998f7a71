package streams_test

import (
	"context"
	"fmt"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
)

func ExampleSubscriber_Stats() {
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
	messages, err := subscriber.Subscribe(context.Background(), "{example}:letters")
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := publisher.Publish("{example}:letters", message.NewMessage("1", []byte("a"))); err != nil {
		fmt.Println(err)
		return
	}
	(<-messages).Nack()
	(<-messages).Ack() // it comes again
	if err := subscriber.Close(); err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range subscriber.Stats() {
		fmt.Println(s.Topic, s.Group, "delivered", s.Delivered, "nacked", s.Nacked, "committed", s.Committed)
	}
	// Output: {example}:letters readers delivered 2 nacked 1 committed 1
}

// A transport counts for all stages that this process runs.
func ExampleTransport_Stats() {
	client, done := connect()
	defer done()
	transport, err := streams.NewTransport(client, streams.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	p := pipeline.New("greetings")
	names := pipeline.Source[string](p, "names")
	greetings := pipeline.Stage(names, "greet", func(_ context.Context, name string) (string, error) {
		return "hello, " + name, nil
	})
	pipeline.Sink(greetings, "send", func(context.Context, string) error { return nil })

	publisher, err := pipeline.NewPublisher(names, transport)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer publisher.Close()
	if err := publisher.Publish(context.Background(), "Ada", "Grace"); err != nil {
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
	if err := <-ended; err != nil {
		fmt.Println(err)
	}
	for _, s := range transport.Stats() {
		fmt.Println(s.Topic, s.Group, s.Committed)
	}
	// Output:
	// {greetings}:greet send 2
	// {greetings}:names greet 2
}
