package tracing

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/contrib/exporters/autoexport"
	"go.opentelemetry.io/contrib/propagators/autoprop"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// newSpanExporter returns the exporter that the environment asks for.
func newSpanExporter(ctx context.Context) (sdktrace.SpanExporter, error) {
	if traces.grpcByPort() {
		exporter, err := otlptracegrpc.New(ctx)
		return exporter, traces.failed(err)
	}
	exporter, err := autoexport.NewSpanExporter(ctx)
	return exporter, traces.failed(err)
}

const producersVariable = "OTEL_METRICS_PRODUCERS"

// newMetricReader returns the reader that the environment asks for.
func newMetricReader(ctx context.Context) (sdkmetric.Reader, error) {
	producers := getenv(producersVariable)
	if !metrics.grpcByPort() {
		reader, err := autoexport.NewMetricReader(ctx)
		if err != nil && producers != "" {
			err = fmt.Errorf("%w (with %s %q)", err, producersVariable, producers)
		}
		return reader, metrics.failed(err)
	}
	if producers != "" {
		return nil, fmt.Errorf("tracing: %s: it needs %sPROTOCOL=grpc too", producersVariable, otlpPrefix)
	}
	exporter, err := otlpmetricgrpc.New(ctx)
	if err != nil {
		return nil, metrics.failed(err)
	}
	return sdkmetric.NewPeriodicReader(exporter), nil
}

// failed says which variable an exporter that could not be made is from.
func (s signal) failed(err error) error {
	variable := s.exporterVariable()
	name := getenv(variable)
	known := []string{"otlp", "console", "none"}
	if s == metrics {
		known = append(known, "prometheus")
	}
	switch {
	case err == nil:
		return nil
	case s.otlpAsked():
		variable, _ = s.otlp("ENDPOINT")
		return fmt.Errorf("tracing: %s: %w", variable, err)
	case slices.Contains(known, name):
		return fmt.Errorf("tracing: %s: %s: %w", variable, name, err)
	default:
		return fmt.Errorf("tracing: %s: %q: %w: want %s", variable, name, err, strings.Join(known, ", "))
	}
}

// newPropagator returns what carries spans from process to process.
func newPropagator() (propagation.TextMapPropagator, error) {
	const variable = "OTEL_PROPAGATORS"
	value := getenv(variable)
	if value == "" {
		return autoprop.TextMapPropagator("tracecontext", "baggage")
	}
	names := strings.Split(value, ",")
	for i, name := range names {
		names[i] = strings.TrimSpace(name)
	}
	propagator, err := autoprop.TextMapPropagator(names...)
	if err != nil {
		return nil, fmt.Errorf("tracing: %s: %w: want tracecontext, baggage, b3, b3multi, jaeger, xray, ottrace or none", variable, err)
	}
	return propagator, nil
}
