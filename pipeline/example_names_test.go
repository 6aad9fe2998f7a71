package pipeline_test

import (
	"context"
	"fmt"

	"github.com/millstream-go/millstream/pipeline"
)

// The names of topics are of use to programs that publish or look without this
// package: a topic is the key of a stream.
func ExampleFlow_Topics() {
	p := pipeline.New("orders")
	web := pipeline.Source[Order](p, "web")
	shop := pipeline.Source[Order](p, "shop")
	fmt.Println(p.Name())
	fmt.Println(web.Topics())
	fmt.Println(pipeline.Merge(web, shop).Topics())
	fmt.Println(p.PoisonTopic())
	// Output:
	// orders
	// [{orders}:web]
	// [{orders}:web {orders}:shop]
	// {orders}:poison
}

// The id of the entry, unlike that of the message, tells two messages apart that
// were published with the same id.
func ExampleEntryID() {
	transport, stop := inMemory()
	defer stop()
	p := pipeline.New("orders")
	placed := pipeline.Source[Order](p, "placed")
	seen := map[string]bool{}
	pipeline.Sink(placed, "count", func(ctx context.Context, _ Order) error {
		seen[pipeline.EntryID(ctx)] = true
		return nil
	})
	process(p, transport, placed, Order{"o-1", 1999}, Order{"o-1", 1999})
	fmt.Println(len(seen), "entries")
	// Output: 2 entries
}

// Branches are made before the route that they belong to, so that its handler can
// choose among them.
func ExampleNewBranch() {
	transport, stop := inMemory()
	defer stop()
	p := pipeline.New("orders")
	placed := pipeline.Source[Order](p, "placed")
	large := pipeline.NewBranch[Order](p, "large")
	small := pipeline.NewBranch[string](p, "small")
	pipeline.Route(placed, "size", func(_ context.Context, o Order) (pipeline.Routed, error) {
		if o.Cents >= 10_000 {
			return large.To(o), nil
		}
		return small.To(o.ID), nil
	}, pipeline.Branches(large, small))
	pipeline.Sink(small.Flow(), "mail", func(_ context.Context, id string) error {
		fmt.Println("by mail:", id)
		return nil
	})
	pipeline.Sink(large.Flow(), "call", func(_ context.Context, o Order) error {
		fmt.Println("call the customer of", o.ID)
		return nil
	})
	process(p, transport, placed, Order{"o-1", 1999})
	// Output: by mail: o-1
}
