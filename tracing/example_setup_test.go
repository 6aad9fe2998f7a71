package tracing_test

import (
	"context"
	"fmt"
	"io"
	stdlog "log"
	"log/slog"
	"net/http"
	"os"
	"strings"

	"go.opentelemetry.io/otel"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/millstream-go/millstream/tracing"
)

// The same program exports nothing when run as it is, and everything when run with
// OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4317.
func ExampleSetup() {
	ctx := context.Background()
	shutdown, err := tracing.Setup(ctx, "orders")
	if err != nil {
		stdlog.Fatal(err) // names the variable that is wrong
	}

	ctx, span := otel.Tracer("shop").Start(ctx, "open the shop")
	fmt.Println("open; a span is recorded:", span.IsRecording())
	span.End()

	// WithoutCancel: what waits is exported even if the program was interrupted.
	if err := shutdown(context.WithoutCancel(ctx)); err != nil {
		stdlog.Print(err)
	}
	// Output: open; a span is recorded: false
}

// A program that would do much only to observe itself can ask whether anyone looks.
func ExampleExporting() {
	shutdown, err := tracing.Setup(context.Background(), "orders", tracing.WithSpanExporter(printer{}))
	if err != nil {
		stdlog.Fatal(err)
	}
	fmt.Println(tracing.Exporting())
	if err := shutdown(context.Background()); err != nil {
		stdlog.Fatal(err)
	}
	fmt.Println(tracing.Exporting())
	// Output:
	// true false
	// false false
}

// printer is an exporter that prints the names of spans.
type printer struct{}

func (printer) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	for _, span := range spans {
		fmt.Println("exported:", span.Name())
	}
	return nil
}

func (printer) Shutdown(context.Context) error { return nil }

func ExampleWithSpanExporter() {
	ctx := context.Background()
	shutdown, err := tracing.Setup(ctx, "orders", tracing.WithSpanExporter(printer{}))
	if err != nil {
		stdlog.Fatal(err)
	}
	_, span := otel.Tracer("shop").Start(ctx, "charge")
	span.End()
	fmt.Println("shut down")
	if err := shutdown(ctx); err != nil {
		stdlog.Fatal(err)
	}
	// Output:
	// shut down
	// exported: charge
}

func ExampleWithMetricReader() {
	ctx := context.Background()
	reader := sdkmetric.NewManualReader()
	shutdown, err := tracing.Setup(ctx, "orders", tracing.WithMetricReader(reader))
	if err != nil {
		stdlog.Fatal(err)
	}
	charged, err := otel.Meter("shop").Int64Counter("charged")
	if err != nil {
		stdlog.Fatal(err)
	}
	charged.Add(ctx, 3)

	var read metricdata.ResourceMetrics
	if err := reader.Collect(ctx, &read); err != nil {
		stdlog.Fatal(err)
	}
	for _, metric := range read.ScopeMetrics[0].Metrics {
		fmt.Println(metric.Name, metric.Data.(metricdata.Sum[int64]).DataPoints[0].Value)
	}
	if err := shutdown(ctx); err != nil {
		stdlog.Fatal(err)
	}
	// Output: charged 3
}

// With a fixed port, such as ":9464", there is no need to look for the address.
func ExampleWithPrometheus() {
	ctx := context.Background()
	var said log
	shutdown, err := tracing.Setup(
		ctx, "orders",
		tracing.WithPrometheus("127.0.0.1:0"), tracing.WithLogger(said.logger()),
	)
	if err != nil {
		stdlog.Fatal(err)
	}
	charged, err := otel.Meter("shop").Int64Counter("charged")
	if err != nil {
		stdlog.Fatal(err)
	}
	charged.Add(ctx, 3)

	page, err := http.Get(metricsURL.FindString(said.String()))
	if err != nil {
		stdlog.Fatal(err)
	}
	defer page.Body.Close()
	text, err := io.ReadAll(page.Body)
	if err != nil {
		stdlog.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "# TYPE charged") {
			fmt.Print(line)
		}
	}
	if err := shutdown(ctx); err != nil {
		stdlog.Fatal(err)
	}
	// Output: # TYPE charged_total counter
}

func ExampleWithLogger() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: withoutTime}))
	shutdown, err := tracing.Setup(
		context.Background(), "orders",
		tracing.WithSpanExporter(printer{}), tracing.WithLogger(logger),
	)
	if err != nil {
		stdlog.Fatal(err)
	}
	otel.Handle(fmt.Errorf("the collector is away")) // as an exporter would
	otel.Handle(fmt.Errorf("the collector is away")) // within a minute
	if err := shutdown(context.Background()); err != nil {
		stdlog.Fatal(err)
	}
	// Output: level=WARN msg="OpenTelemetry failed" err="the collector is away"
}
