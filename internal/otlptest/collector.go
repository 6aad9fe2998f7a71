// Package otlptest runs an OTLP collector within a test, and keeps what it is sent in a
// form that is easy to compare.
package otlptest

import (
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	collectormetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	collectortraces "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
)

// Collector takes in traces and metrics on two ports of the loopback interface, by gRPC
// and by HTTP. It may be used concurrently.
type Collector struct {
	grpc, http net.Listener
	stopped    chan struct{}

	mu       sync.Mutex
	mode     mode
	turned   chan struct{} // closed when the mode changes
	came     chan struct{} // closed when something came
	requests int
	spans    []Span
	metrics  []Metric
}

// Start runs a collector until the test ends.
func Start(tb testing.TB) *Collector {
	tb.Helper()
	return StartOn(tb, listen(tb))
}

// StartOn is Start with a given listener for gRPC, which is closed when the test ends.
func StartOn(tb testing.TB, listener net.Listener) *Collector {
	tb.Helper()
	c := &Collector{
		grpc: listener, http: listen(tb),
		stopped: make(chan struct{}), turned: make(chan struct{}), came: make(chan struct{}),
	}
	calls := grpc.NewServer()
	collectortraces.RegisterTraceServiceServer(calls, traceService{collector: c})
	collectormetrics.RegisterMetricsServiceServer(calls, metricsService{collector: c})
	posts := &http.Server{Handler: c.handler(), ReadHeaderTimeout: time.Minute}
	var serving sync.WaitGroup
	serving.Go(func() { _ = calls.Serve(c.grpc) })
	serving.Go(func() { _ = posts.Serve(c.http) })
	tb.Cleanup(func() {
		close(c.stopped) // lets go of what hangs
		calls.Stop()
		_ = posts.Close()
		serving.Wait()
	})
	return c
}

func listen(tb testing.TB) net.Listener {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("listen for OTLP: %v", err)
	}
	return listener
}

// Endpoint returns the URL to send to by gRPC: set OTEL_EXPORTER_OTLP_PROTOCOL to grpc.
func (c *Collector) Endpoint() string { return "http://" + c.grpc.Addr().String() }

// HTTPEndpoint returns the URL to send to by HTTP.
func (c *Collector) HTTPEndpoint() string { return "http://" + c.http.Addr().String() }

// Requests returns how many exports were begun, whatever became of them.
func (c *Collector) Requests() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.requests
}

// Spans returns the spans that came, in the order they did.
func (c *Collector) Spans() []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Span(nil), c.spans...)
}

// Metrics returns the data points of the metrics that came, in the order they did.
func (c *Collector) Metrics() []Metric {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Metric(nil), c.metrics...)
}

// keep stores what came, and wakes those who wait for it.
func (c *Collector) keep(spans []Span, metrics []Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.spans = append(c.spans, spans...)
	c.metrics = append(c.metrics, metrics...)
	c.wake()
}

// began counts an export.
func (c *Collector) began() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests++
	c.wake()
}

func (c *Collector) wake() {
	close(c.came)
	c.came = make(chan struct{})
}
