package pipeline_test

import (
	"context"
	"flag"
	"os"
	"testing"

	"github.com/millstream-go/millstream/pipeline"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestTheGraphRendersAsMermaid(t *testing.T) {
	p := pipeline.New("orders")
	placed, phoned := pipeline.Source[int](p, "placed"), pipeline.Source[int](p, "phoned")
	pipeline.Source[int](p, "unread")
	again := pipeline.NewBranch[int](p, "again")
	valid := pipeline.Stage(pipeline.Merge(placed, phoned, again.Flow()), "validate", same)
	express, standard := pipeline.NewBranch[int](p, "express"), pipeline.NewBranch[int](p, "standard")
	pipeline.Route(valid, "speed", func(_ context.Context, n int) (pipeline.Routed, error) {
		return express.To(n), nil
	}, pipeline.Branches(express, standard, again), pipeline.Loop())
	pipeline.Expand(express.Flow(), "parcels", func(context.Context, int) ([]int, error) { return nil, nil })
	pipeline.Sink(express.Flow(), "ship-express", discard)
	pipeline.Sink(valid, "receipt", discard)

	got := p.Mermaid()
	const golden = "testdata/orders.mmd"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
