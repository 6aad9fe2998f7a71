package tracing

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	promexporter "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
)

const (
	headerTimeout = 5 * time.Second
	scrapeTimeout = 30 * time.Second
)

// scrapes is a reader of metrics that a server shows to Prometheus.
type scrapes struct {
	sdkmetric.Reader
	server *http.Server
	served chan struct{}
}

// serveScrapes listens at an address and serves there until it is shut down.
func serveScrapes(ctx context.Context, addr string, reports *reports) (*scrapes, error) {
	if addr == "" { // would be any port of all interfaces
		return nil, errors.New("tracing: serve metrics for Prometheus: there is no address: want one such as :9464")
	}
	registry := prometheus.NewRegistry()
	reader, err := promexporter.New(promexporter.WithRegisterer(registry))
	if err != nil {
		return nil, fmt.Errorf("tracing: metrics for Prometheus: %w", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("tracing: serve metrics for Prometheus: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}))
	s := &scrapes{
		Reader: reader,
		server: &http.Server{Handler: mux, ReadHeaderTimeout: headerTimeout, WriteTimeout: scrapeTimeout},
		served: make(chan struct{}),
	}
	reports.logger.Info("serving metrics for Prometheus", "url", "http://"+listener.Addr().String()+"/metrics")
	go func() {
		defer close(s.served)
		if err := s.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			reports.Handle(fmt.Errorf("tracing: serve metrics for Prometheus: %w", err))
		}
	}()
	return s, nil
}

// Shutdown ends the server, after the scrapes under way unless the context ends.
func (s *scrapes) Shutdown(ctx context.Context) error {
	err := s.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.server.Close())
	}
	<-s.served
	return errors.Join(err, s.Reader.Shutdown(ctx))
}
