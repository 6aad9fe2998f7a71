package tracing

import (
	"log/slog"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/millstream-go/millstream/internal/isnil"
)

// Option adds to what [Setup] reads from the environment.
type Option func(*settings)

// settings are what the options say.
type settings struct {
	logger     *slog.Logger
	exporters  []sdktrace.SpanExporter
	readers    []sdkmetric.Reader
	prometheus *string
}

// WithLogger sets where [Setup] logs that spans are dropped or cannot be exported, and
// where metrics are served. Without it, or with nil, that is [slog.Default].
func WithLogger(logger *slog.Logger) Option {
	return func(s *settings) {
		if logger != nil {
			s.logger = logger
		}
	}
}

// WithPrometheus turns metrics on and serves them for Prometheus to scrape, at /metrics
// of an address such as ":9464", "127.0.0.1:9464", or "127.0.0.1:0" for a free port,
// which is logged. It is beside what the environment asks for. [Setup] fails if it
// cannot listen there. The endpoint has neither authentication nor TLS.
func WithPrometheus(addr string) Option {
	return func(s *settings) { s.prometheus = &addr }
}

// WithSpanExporter turns traces on and exports them here, in batches, also to what the
// environment asks for. It is for tests, and for exporters that the environment cannot
// name; to give one of those a name see RegisterSpanExporter of
// [go.opentelemetry.io/contrib/exporters/autoexport].
//
// The exporter is shut down by Setup's shutdown, but is the caller's again if Setup fails.
// Its ExportSpans must return when its context ends. A nil one counts for nothing.
func WithSpanExporter(exporter sdktrace.SpanExporter) Option {
	return func(s *settings) {
		if !isnil.Value(exporter) {
			s.exporters = append(s.exporters, exporter)
		}
	}
}

// WithMetricReader turns metrics on and has them read here, also by what the environment
// asks for. It is for tests, with [sdkmetric.NewManualReader], and for exporters that
// the environment cannot name.
//
// The reader is shut down by Setup's shutdown, but is the caller's again if Setup fails.
// A nil one counts for nothing.
func WithMetricReader(reader sdkmetric.Reader) Option {
	return func(s *settings) {
		if !isnil.Value(reader) {
			s.readers = append(s.readers, reader)
		}
	}
}
