package tracing_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"

	"github.com/millstream-go/millstream/tracing"
)

// setenv replaces all of OpenTelemetry's variables until the test ends.
func setenv(t *testing.T, variables map[string]string) {
	t.Helper()
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "OTEL_") {
			t.Setenv(name, "")
		}
	}
	for name, value := range variables {
		t.Setenv(name, value)
	}
	t.Cleanup(func() { otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator()) })
}

// setup is Setup with a shutdown when the test ends, which may fail.
func setup(t *testing.T, options ...tracing.Option) func(context.Context) error {
	t.Helper()
	shutdown, err := tracing.Setup(t.Context(), "orders", options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = shutdown(ctx)
	})
	return shutdown
}

// endSpans ends so many spans.
func endSpans(t *testing.T, n int) {
	for range n {
		_, span := otel.Tracer("test").Start(t.Context(), "work")
		span.End()
	}
}

// count counts one of something.
func count(t *testing.T) {
	t.Helper()
	counter, err := otel.Meter("test").Int64Counter("things")
	if err != nil {
		t.Fatal(err)
	}
	counter.Add(t.Context(), 1)
}

// wantExporting checks which signals are on.
func wantExporting(t *testing.T, traces, metrics bool) {
	t.Helper()
	if gotTraces, gotMetrics := tracing.Exporting(); gotTraces != traces || gotMetrics != metrics {
		t.Errorf("exporting traces %t and metrics %t, want %t and %t", gotTraces, gotMetrics, traces, metrics)
	}
}

// log is a logger that keeps what it is told.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

func (l *log) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *log) count(text string) int { return strings.Count(l.String(), text) }
