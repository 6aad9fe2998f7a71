package pipeline_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/millstream-go/millstream/pipeline"
)

func ExampleNew() {
	p := pipeline.New("orders", pipeline.Concurrency(16), pipeline.MaxAttempts(5))
	fmt.Println(p.Name(), p.PoisonTopic())
	// Output: orders {orders}:poison
}

func ExampleSource() {
	p := pipeline.New("orders")
	placed := pipeline.Source[Order](p, "placed")
	fmt.Println(placed.Topics())
	// Output: [{orders}:placed]
}

func ExampleStage() {
	transport, stop := inMemory()
	defer stop()
	p := pipeline.New("numbers")
	numbers := pipeline.Source[int](p, "numbers")
	squares := pipeline.Stage(numbers, "square", func(_ context.Context, n int) (int, error) { return n * n, nil })
	pipeline.Sink(squares, "print", func(_ context.Context, n int) error {
		fmt.Println(n)
		return nil
	})
	process(p, transport, numbers, 1, 2, 3)
	// Output:
	// 1
	// 4
	// 9
}

func ExampleExpand() {
	transport, stop := inMemory()
	defer stop()
	p := pipeline.New("text")
	lines := pipeline.Source[string](p, "lines")
	words := pipeline.Expand(lines, "split", func(_ context.Context, line string) ([]string, error) {
		return strings.Fields(line), nil
	})
	pipeline.Sink(words, "print", func(_ context.Context, word string) error {
		fmt.Println(word)
		return nil
	})
	process(p, transport, lines, "to be or", "", "not")
	// Output:
	// to
	// be
	// or
	// not
}

// Each branch has a type of its own.
func ExampleRoute() {
	transport, stop := inMemory()
	defer stop()
	p := pipeline.New("orders")
	placed := pipeline.Source[Order](p, "placed")
	valid := pipeline.NewBranch[Order](p, "valid")
	refused := pipeline.NewBranch[string](p, "refused")
	pipeline.Route(placed, "validate", func(_ context.Context, o Order) (pipeline.Routed, error) {
		if o.Cents <= 0 {
			return refused.To(o.ID + " costs nothing"), nil
		}
		return valid.To(o), nil
	}, pipeline.Branches(valid, refused))
	pipeline.Stage(valid.Flow(), "charge", charge)
	pipeline.Sink(refused.Flow(), "complain", func(_ context.Context, why string) error {
		fmt.Println("refused:", why)
		return nil
	})
	process(p, transport, placed, Order{"o-1", 1999}, Order{"o-2", 0})
	// Output: refused: o-2 costs nothing
}

func charge(_ context.Context, o Order) (Order, error) { return o, nil }

// A way back is refused unless the route that closes it says Loop.
func ExampleLoop() {
	transport, stop := inMemory()
	defer stop()
	p := pipeline.New("halves")
	numbers := pipeline.Source[int](p, "numbers")
	again, done := pipeline.NewBranch[int](p, "again"), pipeline.NewBranch[int](p, "done")
	half := pipeline.Stage(pipeline.Merge(numbers, again.Flow()), "halve", func(_ context.Context, n int) (int, error) {
		return n / 2, nil
	})
	pipeline.Route(half, "enough", func(_ context.Context, n int) (pipeline.Routed, error) {
		if n > 10 {
			return again.To(n), nil
		}
		return done.To(n), nil
	}, pipeline.Branches(again, done), pipeline.Loop())
	pipeline.Sink(done.Flow(), "print", func(_ context.Context, n int) error {
		fmt.Println(n)
		return nil
	})
	process(p, transport, numbers, 100)
	// Output: 6
}

func ExampleMerge() {
	p := pipeline.New("orders")
	web, shop := pipeline.Source[Order](p, "web"), pipeline.Source[Order](p, "shop")
	all := pipeline.Merge(web, shop)
	pipeline.Stage(all, "charge", charge)
	fmt.Println(all.Topics())
	// Output: [{orders}:web {orders}:shop]
}

// Two sinks on one flow: each gets every message.
func ExampleSink() {
	transport, stop := inMemory()
	defer stop()
	p := pipeline.New("orders")
	placed := pipeline.Source[Order](p, "placed")
	charged := pipeline.Stage(placed, "charge", charge)
	ended := make(chan string, 2)
	pipeline.Sink(charged, "ship", func(_ context.Context, o Order) error {
		ended <- "shipped " + o.ID
		return nil
	})
	pipeline.Sink(charged, "receipt", func(_ context.Context, o Order) error {
		ended <- "wrote to the customer of " + o.ID
		return nil
	})
	process(p, transport, placed, Order{"o-1", 1999})
	fmt.Println(<-ended)
	fmt.Println(<-ended)
	// Unordered output:
	// shipped o-1
	// wrote to the customer of o-1
}
