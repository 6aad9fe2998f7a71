// Package endpoint is where a process shows its metrics and its health.
package endpoint

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	promexporter "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
)

// checkTimeout is how long a health check may take.
const checkTimeout = time.Second

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

// Handler serves /metrics for Prometheus, and /health: 200 if check returns nil within a
// second, else 503.
func (e *Endpoint) Handler(check func(context.Context) error) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(e.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}))
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, request *http.Request) {
		ctx, cancel := context.WithTimeout(request.Context(), checkTimeout)
		defer cancel()
		if err := check(ctx); err != nil {
			show(w, "application/problem+json", http.StatusServiceUnavailable, map[string]any{
				"title": "Service Unavailable", "status": http.StatusServiceUnavailable, "detail": "Redis does not answer",
			})
			return
		}
		show(w, "application/json", http.StatusOK, map[string]any{"status": "up"})
	})
	return mux
}

// show answers with JSON. Whoever has gone does not want it any more.
func show(w http.ResponseWriter, kind string, status int, v any) {
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
