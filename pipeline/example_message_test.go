package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/pipeline"
)

// Whoever knows a pipeline's name and that of a source can publish into it.
func ExampleNewPublisher() {
	transport, stop := inMemory()
	defer stop()

	// The process that runs the pipeline.
	p := pipeline.New("orders")
	placed := pipeline.Source[Order](p, "placed")
	pipeline.Sink(placed, "ship", func(_ context.Context, o Order) error {
		fmt.Println("shipped", o.ID)
		return nil
	})

	// The process that publishes.
	source := pipeline.Source[Order](pipeline.New("orders"), "placed")
	publisher, err := pipeline.NewPublisher(source, transport)
	if err != nil {
		log.Fatal(err)
	}
	defer publisher.Close()
	if err := publisher.Publish(context.Background(), Order{"o-1", 1999}, Order{"o-2", 500}); err != nil {
		log.Fatal(err)
	}

	process(p, transport, placed)
	// Output:
	// shipped o-1
	// shipped o-2
}

// Within a handler, what is published with its context appears if the handler
// succeeds, and only then.
func ExamplePublisher_Publish() {
	transport, stop := inMemory()
	defer stop()
	p := pipeline.New("orders")
	placed, audit := pipeline.Source[Order](p, "placed"), pipeline.Source[string](p, "audit")
	publisher, err := pipeline.NewPublisher(audit, transport)
	if err != nil {
		log.Fatal(err)
	}
	defer publisher.Close()
	pipeline.Sink(placed, "ship", func(ctx context.Context, o Order) error {
		if err := publisher.Publish(ctx, fmt.Sprintf("%s in attempt %d", o.ID, pipeline.Attempt(ctx))); err != nil {
			return err
		}
		if pipeline.Attempt(ctx) < 3 {
			return errors.New("the van is late")
		}
		return nil
	})
	pipeline.Sink(audit, "write", func(_ context.Context, line string) error {
		fmt.Println(line)
		return nil
	})
	process(p, transport, placed, Order{"o-1", 1999})
	// Output: o-1 in attempt 3
}

func ExampleMessageFrom() {
	transport, stop := inMemory()
	defer stop()
	p := pipeline.New("orders")
	placed := pipeline.Source[Order](p, "placed")
	pipeline.Sink(placed, "ship", func(ctx context.Context, o Order) error {
		msg := pipeline.MessageFrom(ctx)
		fmt.Println(msg.UUID, msg.Metadata.Get("customer"), string(msg.Payload))
		return nil
	})

	// Any Watermill publisher can publish into a source.
	publisher, err := transport.Publisher()
	if err != nil {
		log.Fatal(err)
	}
	defer publisher.Close()
	msg := message.NewMessage("request-17", []byte(`{"id":"o-1","cents":1999}`))
	msg.Metadata.Set("customer", "c-3")
	if err := publisher.Publish(placed.Topics()[0], msg); err != nil {
		log.Fatal(err)
	}
	process(p, transport, placed)
	// Output: request-17 c-3 {"id":"o-1","cents":1999}
}

func ExampleAttempt() {
	transport, stop := inMemory()
	defer stop()
	p := pipeline.New("orders")
	placed := pipeline.Source[Order](p, "placed")
	pipeline.Sink(placed, "charge", func(ctx context.Context, o Order) error {
		fmt.Println("attempt", pipeline.Attempt(ctx))
		if pipeline.Attempt(ctx) == 1 {
			return errors.New("the bank does not answer")
		}
		return nil
	})
	process(p, transport, placed, Order{"o-1", 1999})
	// Output:
	// attempt 1
	// attempt 2
}
