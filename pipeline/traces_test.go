package pipeline_test

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// traces collects the spans of a test.
type traces struct {
	exporter *tracetest.InMemoryExporter
	provider *sdktrace.TracerProvider
}

func newTraces(t *testing.T, sampler sdktrace.Sampler) traces {
	t.Helper()
	exporter := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter), sdktrace.WithSampler(sampler))
	t.Cleanup(func() { _ = provider.Shutdown(context.Background()) })
	return traces{exporter, provider}
}

// named returns the spans of that operation on that topic of the pipeline, in order.
func (s traces) named(name string) []tracetest.SpanStub {
	var found []tracetest.SpanStub
	for _, span := range s.exporter.GetSpans() {
		operation, topic, _ := strings.Cut(span.Name, " ")
		_, topic, _ = strings.Cut(topic, ":")
		if operation+" "+topic == name {
			found = append(found, span)
		}
	}
	slices.SortFunc(found, func(a, b tracetest.SpanStub) int { return a.StartTime.Compare(b.StartTime) })
	return found
}

func (s traces) one(t *testing.T, name string) tracetest.SpanStub {
	t.Helper()
	found := s.named(name)
	if len(found) != 1 {
		t.Fatalf("%d spans %q, want 1, of %v", len(found), name, s.names())
	}
	return found[0]
}

func (s traces) names() (names []string) {
	for _, span := range s.exporter.GetSpans() {
		names = append(names, span.Name)
	}
	return names
}

func attributesOf(attributes []attribute.KeyValue) map[string]string {
	m := map[string]string{}
	for _, a := range attributes {
		m[string(a.Key)] = a.Value.String()
	}
	return m
}

func expectAttributes(t *testing.T, span tracetest.SpanStub, want map[string]string) {
	t.Helper()
	got := attributesOf(span.Attributes)
	for key, value := range want {
		if got[key] != value {
			t.Errorf("%s: %s is %q, want %q", span.Name, key, got[key], value)
		}
	}
}

func expectChild(t *testing.T, parent, child tracetest.SpanStub) {
	t.Helper()
	if child.Parent.SpanID() != parent.SpanContext.SpanID() || child.SpanContext.TraceID() != parent.SpanContext.TraceID() {
		t.Errorf("%s is not below %s", child.Name, parent.Name)
	}
}

func events(span tracetest.SpanStub) (names []string) {
	for _, e := range span.Events {
		names = append(names, e.Name)
	}
	return names
}

// metricNames returns the names of the metrics that there are.
func metricNames(t *testing.T, reader sdkmetric.Reader) map[string]bool {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &all); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			found[m.Name] = true
		}
	}
	return found
}

func textLogger(to io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(to, nil)) }
