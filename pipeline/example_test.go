package pipeline_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"

	"github.com/millstream-go/millstream/internal/demoredis"
	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
)

// Order is what the examples are about.
type Order struct {
	ID    string `json:"id"`
	Cents int    `json:"cents"`
}

// inMemory returns a transport on a Redis that is embedded in the process.
// Elsewhere, make the client with redis.NewClient.
func inMemory() (transport *streams.Transport, stop func()) {
	client, stop, err := demoredis.Start()
	if err != nil {
		log.Fatal(err)
	}
	transport, err = streams.NewTransport(client, streams.Config{})
	if err != nil {
		log.Fatal(err)
	}
	return transport, stop
}

// process publishes values into a source, and runs the pipeline until nothing is
// left to do.
func process[T any](p *pipeline.Pipeline, transport pipeline.Transport, source pipeline.Flow[T], values ...T) {
	publisher, err := pipeline.NewPublisher(source, transport)
	if err != nil {
		log.Fatal(err)
	}
	defer publisher.Close()
	if err := publisher.Publish(context.Background(), values...); err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx, transport) }()
	if err := p.WaitIdle(ctx, transport); err != nil {
		log.Fatal(err)
	}
	cancel()
	if err := <-ended; err != nil {
		log.Fatal(err)
	}
}

func Example() {
	transport, stop := inMemory()
	defer stop()

	orders := pipeline.New("orders")
	placed := pipeline.Source[Order](orders, "placed")
	charged := pipeline.Stage(placed, "charge", func(_ context.Context, o Order) (string, error) {
		return fmt.Sprintf("%s paid %d.%02d", o.ID, o.Cents/100, o.Cents%100), nil
	})
	pipeline.Sink(charged, "receipt", func(_ context.Context, text string) error {
		fmt.Println(text)
		return nil
	})

	process(orders, transport, placed, Order{"o-1", 1999}, Order{"o-2", 500})
	// Output:
	// o-1 paid 19.99
	// o-2 paid 5.00
}

// A service runs its pipeline until it is told to end, and then finishes what it
// has begun.
func ExamplePipeline_Run() {
	transport, stopRedis := inMemory()
	defer stopRedis()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	p := pipeline.New("words")
	words := pipeline.Source[string](p, "words")
	pipeline.Sink(words, "shout", func(ctx context.Context, word string) error {
		if word == "stop" {
			stop() // as an interrupt would
		}
		fmt.Println(strings.ToUpper(word), ctx.Err())
		return nil
	})
	publisher, err := pipeline.NewPublisher(words, transport)
	if err != nil {
		log.Fatal(err)
	}
	defer publisher.Close()
	if err := publisher.Publish(ctx, "go", "stop"); err != nil {
		log.Fatal(err)
	}

	if err := p.Run(ctx, transport); err != nil {
		log.Fatal(err)
	}
	fmt.Println("all done")
	// Output:
	// GO <nil>
	// STOP <nil>
	// all done
}

// What is left to do may be with any process; WaitIdle sees it all.
func ExamplePipeline_WaitIdle() {
	transport, stop := inMemory()
	defer stop()
	p := pipeline.New("words")
	words := pipeline.Source[string](p, "words")
	pipeline.Sink(words, "shout", func(_ context.Context, word string) error {
		fmt.Println(strings.ToUpper(word))
		return nil
	})
	publisher, err := pipeline.NewPublisher(words, transport)
	if err != nil {
		log.Fatal(err)
	}
	defer publisher.Close()

	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx, transport) }()

	if err := publisher.Publish(ctx, "hello", "world"); err != nil {
		log.Fatal(err)
	}
	if err := p.WaitIdle(ctx, transport); err != nil {
		log.Fatal(err)
	}
	cancel()
	fmt.Println("ended with", <-ended)
	// Output:
	// HELLO
	// WORLD
	// ended with <nil>
}
