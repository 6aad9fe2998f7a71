package pipeline_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"

	"github.com/millstream-go/millstream/pipeline"
)

// Each process composes the whole pipeline and runs a part of it.
func ExampleOnly() {
	transport, stop := inMemory()
	defer stop()
	p := pipeline.New("orders")
	placed := pipeline.Source[Order](p, "placed")
	charged := pipeline.Stage(placed, "charge", charge)
	pipeline.Sink(charged, "ship", func(_ context.Context, o Order) error {
		fmt.Println("shipped", o.ID)
		return nil
	})

	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- p.Run(ctx, transport, pipeline.Only("charge")) }() // on one machine
	go func() { ended <- p.Run(ctx, transport, pipeline.Only("ship")) }()   // on another

	publisher, err := pipeline.NewPublisher(placed, transport)
	if err != nil {
		log.Fatal(err)
	}
	defer publisher.Close()
	if err := publisher.Publish(ctx, Order{"o-1", 1999}); err != nil {
		log.Fatal(err)
	}
	if err := p.WaitIdle(ctx, transport); err != nil {
		log.Fatal(err)
	}
	cancel()
	fmt.Println(<-ended, <-ended)
	// Output:
	// shipped o-1
	// <nil> <nil>
}

// A handler that does not end in time gets its context cancelled and its message
// delivered again, to whichever process comes next.
func ExampleDrainTimeout() {
	transport, stop := inMemory()
	defer stop()
	p := pipeline.New("orders")
	placed := pipeline.Source[Order](p, "placed")
	begun := make(chan bool, 1)
	pipeline.Sink(placed, "ship", func(ctx context.Context, o Order) error {
		if pipeline.Attempt(ctx) > 1 {
			fmt.Println("shipped", o.ID)
			return nil
		}
		begun <- true
		<-ctx.Done()
		fmt.Println("no time left")
		return ctx.Err()
	})
	publisher, err := pipeline.NewPublisher(placed, transport)
	if err != nil {
		log.Fatal(err)
	}
	defer publisher.Close()
	if err := publisher.Publish(context.Background(), Order{"o-1", 1999}); err != nil {
		log.Fatal(err)
	}

	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-begun
		cancel()
	}()
	fmt.Println("ended with", p.Run(ctx, transport, pipeline.DrainTimeout(10*time.Millisecond)))
	process(p, transport, placed)
	// Output:
	// no time left
	// ended with <nil>
	// shipped o-1
}

// A pipeline on Watermill's channels within the process: nothing is durable,
// which suits tests.
func ExampleWatermill() {
	channels := gochannel.NewGoChannel(gochannel.Config{Persistent: true}, watermill.NopLogger{})
	defer channels.Close()
	transport := pipeline.Watermill(channels, func(string) (message.Subscriber, error) { return channels, nil })

	p := pipeline.New("orders")
	placed := pipeline.Source[Order](p, "placed")
	charged := pipeline.Stage(placed, "charge", charge)
	ctx, cancel := context.WithCancel(context.Background())
	pipeline.Sink(charged, "ship", func(_ context.Context, o Order) error {
		fmt.Println("shipped", o.ID)
		cancel()
		return nil
	})

	publisher, err := pipeline.NewPublisher(placed, transport)
	if err != nil {
		log.Fatal(err)
	}
	defer publisher.Close()
	if err := publisher.Publish(ctx, Order{"o-1", 1999}); err != nil {
		log.Fatal(err)
	}
	fmt.Println("ended with", p.Run(ctx, transport))
	// Output:
	// shipped o-1
	// ended with <nil>
}
