package pipeline_test

import (
	"context"
	"fmt"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/millstream-go/millstream/pipeline"
)

// Without the option a pipeline is traced as the program is: see tracing.Setup.
func ExampleTelemetry() {
	transport, stop := inMemory()
	defer stop()
	spans := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	orders := pipeline.New("orders", pipeline.Telemetry{TracerProvider: provider})
	placed := pipeline.Source[Order](orders, "placed")
	pipeline.Sink(placed, "ship", func(context.Context, Order) error { return nil })
	process(orders, transport, placed, Order{ID: "o-1", Cents: 995})

	for _, span := range spans.GetSpans() {
		fmt.Println(span.SpanKind, span.Name)
	}
	// Output:
	// producer send {orders}:placed
	// consumer process {orders}:placed
}
