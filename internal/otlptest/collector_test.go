package otlptest_test

import (
	"context"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"

	"github.com/millstream-go/millstream/internal/otlptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// provider exports every span as it ends, by gRPC.
func provider(t *testing.T, collector *otlptest.Collector) *sdktrace.TracerProvider {
	t.Helper()
	exporter, err := otlptracegrpc.New(t.Context(), otlptracegrpc.WithEndpointURL(collector.Endpoint()))
	if err != nil {
		t.Fatal(err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter, sdktrace.WithBatchTimeout(time.Millisecond)))
	t.Cleanup(func() {
		if err := provider.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return provider
}

func TestSpansAreKeptWithAllThatIsInThem(t *testing.T) {
	collector := otlptest.Start(t)
	tracer := provider(t, collector).Tracer("scope")
	ctx, parent := tracer.Start(t.Context(), "parent", trace.WithSpanKind(trace.SpanKindProducer))
	parent.End()
	_, child := tracer.Start(ctx, "child",
		trace.WithSpanKind(trace.SpanKindConsumer),
		trace.WithLinks(trace.Link{SpanContext: parent.SpanContext(), Attributes: []attribute.KeyValue{attribute.Int("n", 7)}}),
		trace.WithAttributes(attribute.String("s", "x"), attribute.Bool("b", true), attribute.StringSlice("l", []string{"y"})),
	)
	child.AddEvent("happened", trace.WithAttributes(attribute.Float64("f", 0.5)))
	child.SetStatus(codes.Error, "broken")
	child.End()

	spans := collector.WaitForSpans(t, "two spans", otlptest.AtLeast[otlptest.Span](2))
	if p := spans[0]; p.Name != "parent" || p.Kind != "PRODUCER" || p.Parent != "" || p.Status != "UNSET" || p.Scope != "scope" {
		t.Errorf("the parent: %+v", p)
	}
	c := spans[1]
	if c.Kind != "CONSUMER" || c.Parent != spans[0].SpanID || c.TraceID != parent.SpanContext().TraceID().String() {
		t.Errorf("the child: %+v", c)
	}
	if c.Status != "ERROR" || c.Description != "broken" || c.End.Before(c.Start) {
		t.Errorf("the child: %+v", c)
	}
	if c.Attributes["s"] != "x" || c.Attributes["b"] != true || c.Attributes["l"].([]any)[0] != "y" {
		t.Errorf("attributes: %v", c.Attributes)
	}
	if len(c.Links) != 1 || c.Links[0].SpanID != spans[0].SpanID || c.Links[0].Attributes["n"] != int64(7) {
		t.Errorf("links: %+v", c.Links)
	}
	if len(c.Events) != 1 || c.Events[0].Name != "happened" || c.Events[0].Attributes["f"] != 0.5 {
		t.Errorf("events: %+v", c.Events)
	}
}

func TestDataPointsOfAllKindsAreKept(t *testing.T) {
	collector := otlptest.Start(t)
	exporter, err := otlpmetricgrpc.New(t.Context(), otlpmetricgrpc.WithEndpointURL(collector.Endpoint()))
	if err != nil {
		t.Fatal(err)
	}
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(exporter)))
	meter := provider.Meter("scope")
	sum, _ := meter.Int64Counter("sum")
	sum.Add(t.Context(), 2)
	gauge, _ := meter.Float64Gauge("gauge")
	gauge.Record(t.Context(), 0.5)
	histogram, _ := meter.Float64Histogram("histogram")
	histogram.Record(t.Context(), 1)
	histogram.Record(t.Context(), 2)
	if err := provider.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, m := range collector.Metrics() {
		got[m.Name] = m.Value
		if m.Name == "histogram" && m.Count != 2 {
			t.Errorf("the histogram has %d values", m.Count)
		}
	}
	if len(got) != 3 || got["sum"] != 2 || got["gauge"] != 0.5 || got["histogram"] != 3 {
		t.Errorf("%v", got)
	}
}

func TestACollectorHangsUntilItAccepts(t *testing.T) {
	collector := otlptest.Start(t)
	collector.Hang()
	_, span := provider(t, collector).Tracer("scope").Start(t.Context(), "late")
	span.End()
	collector.WaitForRequest(t)
	if n := len(collector.Spans()); n != 0 {
		t.Errorf("%d spans were taken in", n)
	}
	collector.Accept()
	collector.WaitForSpans(t, "the span", otlptest.AtLeast[otlptest.Span](1))
}

func TestACollectorRefusesInBothProtocols(t *testing.T) {
	collector := otlptest.Start(t)
	collector.Refuse()
	byGRPC, err := otlptracegrpc.New(t.Context(), otlptracegrpc.WithEndpointURL(collector.Endpoint()))
	if err != nil {
		t.Fatal(err)
	}
	byHTTP, err := otlptracehttp.New(t.Context(), otlptracehttp.WithEndpointURL(collector.HTTPEndpoint()+"/v1/traces"))
	if err != nil {
		t.Fatal(err)
	}
	for name, exporter := range map[string]sdktrace.SpanExporter{"gRPC": byGRPC, "HTTP": byHTTP} {
		if err := exporter.ExportSpans(t.Context(), one(t)); err == nil {
			t.Errorf("by %s the export succeeded", name)
		}
		if err := exporter.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if n := collector.Requests(); n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
}

// one returns a span to export.
func one(t *testing.T) []sdktrace.ReadOnlySpan {
	_, span := sdktrace.NewTracerProvider().Tracer("scope").Start(t.Context(), "one")
	span.End()
	return []sdktrace.ReadOnlySpan{span.(sdktrace.ReadOnlySpan)}
}
