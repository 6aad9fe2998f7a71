package snippets_test

import (
	"context"
	"testing"

	"github.com/millstream-go/millstream/pipeline"
)

// bySize returns the handler of a route.
func bySize(big, small pipeline.Branch[Order]) func(context.Context, Order) (pipeline.Routed, error) {
	return func(_ context.Context, o Order) (pipeline.Routed, error) {
		if o.Cents >= 100_000 {
			return big.To(o), nil
		}
		return small.To(o), nil
	}
}

func TestTheGraphOfTheConcepts(t *testing.T) {
	review := func(_ context.Context, o Order) (Order, error) { return o, nil }
	book := func(context.Context, Receipt) error { return nil }
	// begin graph
	shop := pipeline.New("shop")
	placed := pipeline.Source[Order](shop, "placed")
	big, small := pipeline.NewBranch[Order](shop, "big"), pipeline.NewBranch[Order](shop, "small")
	pipeline.Route(placed, "size", bySize(big, small), pipeline.Branches(big, small))
	reviewed := pipeline.Stage(big.Flow(), "review", review)
	charged := pipeline.Stage(pipeline.Merge(small.Flow(), reviewed), "charge", charge)
	pipeline.Sink(charged, "send", send)
	pipeline.Sink(charged, "book", book)
	// end graph
	if err := shop.Check(); err != nil {
		t.Fatal(err)
	}
	golden(t, "concepts.mmd", shop.Mermaid())
}
