package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/millstream-go/millstream/pipeline"
)

func ExamplePermanent() {
	transport, stop := inMemory()
	defer stop()
	p := pipeline.New("orders")
	placed := pipeline.Source[Order](p, "placed")
	pipeline.Sink(placed, "charge", func(context.Context, Order) error {
		return pipeline.Permanent(errors.New("no such card"))
	})
	// Another pipeline may read the poison topic: it is a stream as any other.
	process(p, transport, placed, Order{"o-1", 1999})
	fmt.Println("see", p.PoisonTopic())
	// Output: see {orders}:poison
}

func ExampleSkip() {
	transport, stop := inMemory()
	defer stop()
	p := pipeline.New("numbers")
	numbers := pipeline.Source[int](p, "numbers")
	odd := pipeline.Stage(numbers, "odd", func(_ context.Context, n int) (int, error) {
		if n%2 == 0 {
			return 0, pipeline.Skip
		}
		return n, nil
	})
	pipeline.Sink(odd, "print", func(_ context.Context, n int) error {
		fmt.Println(n)
		return nil
	})
	process(p, transport, numbers, 1, 2, 3)
	// Output:
	// 1
	// 3
}

func ExampleRetryAfter() {
	transport, stop := inMemory()
	defer stop()
	p := pipeline.New("orders")
	placed := pipeline.Source[Order](p, "placed")
	pipeline.Sink(placed, "charge", func(ctx context.Context, o Order) error {
		if o.ID == "o-1" && pipeline.Attempt(ctx) == 1 {
			return pipeline.RetryAfter(50 * time.Millisecond)
		}
		fmt.Println("charged", o.ID)
		return nil
	})
	process(p, transport, placed, Order{"o-1", 1999}, Order{"o-2", 500})
	// Output:
	// charged o-2
	// charged o-1
}
