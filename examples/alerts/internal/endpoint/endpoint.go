// Package endpoint is where a process shows its metrics and its health.
package endpoint

import (
	"fmt"
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	promexporter "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/millstream-go/millstream/examples/internal/web"
)

// Endpoint shows what its Reader reads.
type Endpoint struct {
	// Reader is for tracing.WithMetricReader, whose shutdown ends it.
	Reader   sdkmetric.Reader
	registry *prometheus.Registry
}

// New returns an endpoint.
func New() (*Endpoint, error) {
	registry := prometheus.NewRegistry()
	reader, err := promexporter.New(promexporter.WithRegisterer(registry))
	if err != nil {
		return nil, fmt.Errorf("metrics for Prometheus: %w", err)
	}
	return &Endpoint{reader, registry}, nil
}

// Handler serves /metrics for Prometheus, and /health by the checks. Both are asked all the
// time, and have no spans.
func (e *Endpoint) Handler(checks web.Checks, logger *slog.Logger) http.Handler {
	const metrics, health = "GET /metrics", "GET /health"
	mux := http.NewServeMux()
	mux.Handle(metrics, promhttp.HandlerFor(e.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}))
	mux.Handle(health, web.Health(checks, logger))
	return web.Handler(mux, metrics, health)
}
