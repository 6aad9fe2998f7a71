package tracing

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"go.opentelemetry.io/otel"
	noopmetric "go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	nooptrace "go.opentelemetry.io/otel/trace/noop"
)

// telemetry is what is on: a signal that is off has no provider.
type telemetry struct {
	reports *reports
	queues  []*queue // of the traces
	traces  *sdktrace.TracerProvider
	metrics *sdkmetric.MeterProvider
}

// build makes the providers of the signals that are on. If it fails, nothing is left
// running.
func (s *settings) build(ctx context.Context, service string) (*telemetry, error) {
	t := &telemetry{reports: newReports(s.logger)}
	if !s.traces() && !s.metrics() {
		return t, nil
	}
	described, err := newResource(ctx, service)
	if err != nil {
		return nil, err
	}
	exporters, readers, err := s.open(ctx, t.reports)
	if err != nil {
		return nil, err
	}
	if exporters = append(exporters, s.exporters...); len(exporters) > 0 {
		options := []sdktrace.TracerProviderOption{sdktrace.WithResource(described)}
		for _, exporter := range exporters {
			q := newQueue(exporter, t.reports)
			t.queues = append(t.queues, q)
			options = append(options, sdktrace.WithSpanProcessor(q))
		}
		t.traces = sdktrace.NewTracerProvider(options...)
	}
	if readers = append(readers, s.readers...); len(readers) > 0 {
		options := []sdkmetric.Option{sdkmetric.WithResource(described)}
		for _, reader := range readers {
			options = append(options, sdkmetric.WithReader(reader))
		}
		t.metrics = sdkmetric.NewMeterProvider(options...)
	}
	return t, nil
}

// open makes what the environment and the options ask for: all of it, or nothing and an
// error that tells everything that is wrong.
func (s *settings) open(ctx context.Context, reports *reports) ([]sdktrace.SpanExporter, []sdkmetric.Reader, error) {
	var exporters []sdktrace.SpanExporter
	var readers []sdkmetric.Reader
	var faults []error
	if traces.asked() {
		exporter, err := newSpanExporter(ctx)
		exporters, faults = appendMade(exporters, exporter, faults, err)
	}
	if metrics.asked() {
		reader, err := newMetricReader(ctx)
		readers, faults = appendMade(readers, reader, faults, err)
	}
	if s.prometheus != nil {
		reader, err := serveScrapes(ctx, *s.prometheus, reports)
		readers, faults = appendMade(readers, sdkmetric.Reader(reader), faults, err)
	}
	if len(faults) == 0 {
		return exporters, readers, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	for _, exporter := range exporters {
		faults = append(faults, exporter.Shutdown(ctx))
	}
	for _, reader := range readers {
		faults = append(faults, reader.Shutdown(ctx))
	}
	return nil, nil, errors.Join(faults...)
}

// appendMade keeps what was made, or why it was not.
func appendMade[T any](made []T, one T, faults []error, err error) ([]T, []error) {
	if err != nil {
		return made, append(faults, err)
	}
	return append(made, one), faults
}

// install makes this the program's telemetry.
func (t *telemetry) install() {
	if t.traces != nil {
		otel.SetTracerProvider(t.traces)
	}
	if t.metrics != nil {
		otel.SetMeterProvider(t.metrics)
	}
	if t.traces != nil || t.metrics != nil {
		otel.SetErrorHandler(t.reports)
	}
}

// shutdown flushes and ends everything, at the same time: a signal whose collector hangs
// takes no time from the other.
func (t *telemetry) shutdown(ctx context.Context) error {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, shutdownTime)
		defer cancel()
	}
	var ending sync.WaitGroup
	faults := make([]error, len(t.queues)+1)
	for i, q := range t.queues {
		ending.Go(func() { faults[i] = q.end(ctx) })
	}
	if t.metrics != nil {
		ending.Go(func() { faults[len(t.queues)] = t.endMetrics(ctx) })
	}
	ending.Wait()
	if t.traces != nil {
		faults = append(faults, t.endTraces(ctx))
	}
	return errors.Join(faults...)
}

// endTraces ends the provider, whose queues have ended.
func (t *telemetry) endTraces(ctx context.Context) error {
	if otel.GetTracerProvider() == t.traces {
		otel.SetTracerProvider(nooptrace.NewTracerProvider())
	}
	return t.traces.Shutdown(context.WithoutCancel(ctx))
}

func (t *telemetry) endMetrics(ctx context.Context) error {
	err := t.metrics.Shutdown(ctx)
	if otel.GetMeterProvider() == t.metrics {
		otel.SetMeterProvider(noopmetric.NewMeterProvider())
	}
	if err != nil {
		return fmt.Errorf("tracing: metrics lost: %w", err)
	}
	return nil
}
