package pipeline_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/millstream-go/millstream/pipeline"
)

func ExamplePipeline_Check() {
	p := pipeline.New("orders")
	placed := pipeline.Source[Order](p, "placed")
	pipeline.Stage(placed, "charge", charge, pipeline.Concurrency(0))
	pipeline.Stage(placed, "charge", charge)

	err := p.Check()
	fmt.Println(errors.Is(err, pipeline.ErrFaulty))
	fmt.Println(err)
	// Output:
	// true
	// pipeline "orders": the pipeline cannot run:
	// name "charge" is used twice: sources, stages and branches each need their own
	// stage "charge": a Concurrency of 0 is not possible, 1 is the least
}

func ExamplePipeline_Mermaid() {
	p := pipeline.New("orders")
	placed := pipeline.Source[Order](p, "placed")
	valid, refused := pipeline.NewBranch[Order](p, "valid"), pipeline.NewBranch[Order](p, "refused")
	pipeline.Route(placed, "validate", func(_ context.Context, o Order) (pipeline.Routed, error) {
		return valid.To(o), nil
	}, pipeline.Branches(valid, refused))
	pipeline.Sink(valid.Flow(), "ship", func(context.Context, Order) error { return nil })
	fmt.Print(p.Mermaid())
	// Output:
	// flowchart LR
	//     n0(["placed"])
	//     n1{"validate"}
	//     n2[/"ship"/]
	//     n3(["refused"])
	//     n0 --> n1
	//     n1 -->|valid| n2
	//     n1 -->|refused| n3
}
