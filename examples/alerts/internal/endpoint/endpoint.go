// Package endpoint is where a process shows its metrics and its health.
package endpoint

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	promexporter "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/millstream-go/millstream/examples/alerts/internal/web"
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
	metrics := promhttp.HandlerFor(e.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
	mux.Handle("/metrics", web.Only(http.MethodGet, metrics))
	mux.Handle("/health", web.Only(http.MethodGet, http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		ctx, cancel := context.WithTimeout(request.Context(), checkTimeout)
		defer cancel()
		if err := check(ctx); err != nil {
			web.Refuse(w, http.StatusServiceUnavailable, "Redis does not answer", nil)
			return
		}
		web.Answer(w, http.StatusOK, map[string]string{"status": "up"})
	})))
	mux.Handle("/", web.NotFound("/metrics", "/health"))
	return mux
}
