package tracing

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// shutdownTime is what a shutdown may take whose context has no deadline.
const shutdownTime = 5 * time.Second

// Setup exports the traces and metrics of this process as the environment says, and
// returns how to end that. A program calls it first of all, before it makes what it
// observes, and shuts down last, when that is closed:
//
//	shutdown, err := tracing.Setup(ctx, "orders")
//	if err != nil {
//		return err
//	}
//	defer func() { err = errors.Join(err, shutdown(context.WithoutCancel(ctx))) }()
//
// # What it reads
//
// The environment variables are those that OpenTelemetry specifies for all languages.
// The most useful are:
//
//	OTEL_EXPORTER_OTLP_ENDPOINT  http://localhost:4317: the collector, for traces and metrics
//	OTEL_EXPORTER_OTLP_PROTOCOL  grpc or http/protobuf
//	OTEL_EXPORTER_OTLP_HEADERS   key=value,key=value: a collector's credentials
//	OTEL_TRACES_EXPORTER         otlp, console or none
//	OTEL_METRICS_EXPORTER        otlp, prometheus, console or none
//	OTEL_TRACES_SAMPLER          parentbased_traceidratio, with OTEL_TRACES_SAMPLER_ARG=0.1
//	OTEL_SERVICE_NAME            goes before the service given here
//	OTEL_RESOURCE_ATTRIBUTES     deployment.environment.name=staging,key=value
//	OTEL_PROPAGATORS             tracecontext,baggage
//	OTEL_SDK_DISABLED            true: nothing is exported, whatever else is set
//
// Each signal is off unless it is asked for, by its exporter variable or by an OTLP
// endpoint, its own (OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) or that of all, or by an
// [Option]. For a signal that is off nothing is set up and nothing is connected to, and
// spans and instruments do nothing. So a program can always call Setup.
//
// An endpoint whose port is 4317 is spoken to by gRPC if no protocol is set. Else the
// protocol is http/protobuf, as specified: but collectors have nothing on that port
// that understands HTTP.
//
// # What it sets
//
// OpenTelemetry's global tracer and meter providers, and its error handler, if a signal
// is on; and always its propagator, so that a message that is passed on keeps its trace
// even when this process adds nothing to it. Everything exported names the service, the
// instance (a new service.instance.id), the host, the process id, the name of the
// executable and the Go version; never the arguments or other variables.
//
// # When the collector is away
//
// Setup does not connect, and what ends or is counted is never held up. Spans wait in a
// queue (OTEL_BSP_MAX_QUEUE_SIZE, 2048, and a batch) and are dropped when it is full.
// That spans are dropped and that exporting fails is logged, each once a minute.
//
// # Errors
//
// A value that is malformed or unknown is an error that names its variable, as is a port
// that is taken; all such values are reported together. Then nothing is left behind, the
// globals are as they were, and the shutdown returned does nothing.
//
// # Shutdown
//
// The shutdown flushes what waits, closes what Setup opened, and then takes the globals
// back. It gives up when its context ends, or after 5 seconds if that has no deadline;
// so a context that has ended already loses what waits. The error, which wraps the
// context's, says how many spans were lost, if any, and why. It may be called
// concurrently and again: it works once and then returns the same. Setup itself is not
// for concurrent use; a second call replaces the globals of the first.
func Setup(ctx context.Context, service string, options ...Option) (shutdown func(context.Context) error, err error) {
	s := settings{logger: slog.Default()}
	for _, option := range options {
		if option != nil {
			option(&s)
		}
	}
	t, err := s.start(ctx, service)
	if err != nil {
		return func(context.Context) error { return nil }, err
	}
	var once sync.Once
	var ended error
	return func(ctx context.Context) error {
		once.Do(func() { ended = t.shutdown(ctx) })
		return ended
	}, nil
}

// Exporting reports whether spans and metrics go anywhere: whether the global providers
// are those of OpenTelemetry's SDK, as [Setup] sets them. It says nothing of whether the
// collector is there. It may be called concurrently.
func Exporting() (traces, metrics bool) {
	_, traces = otel.GetTracerProvider().(*sdktrace.TracerProvider)
	_, metrics = otel.GetMeterProvider().(*sdkmetric.MeterProvider)
	return traces, metrics
}

// start checks everything, and then sets up what is asked for.
func (s *settings) start(ctx context.Context, service string) (*telemetry, error) {
	if service == "" {
		return nil, errors.New("tracing: the service has no name: give Setup one")
	}
	propagator, err := newPropagator()
	if err != nil {
		return nil, err
	}
	t := &telemetry{}
	if !s.disabled() {
		if err := run(s.checks()); err != nil {
			return nil, err
		}
		if t, err = s.build(ctx, service); err != nil {
			return nil, err
		}
	}
	otel.SetTextMapPropagator(propagator)
	t.install()
	return t, nil
}

// disabled reports whether OpenTelemetry is to be off altogether. What is not a boolean
// is false: that is specified.
func (s *settings) disabled() bool {
	const variable = "OTEL_SDK_DISABLED"
	switch value := getenv(variable); strings.ToLower(value) {
	case "true":
		return true
	case "", "false":
	default:
		s.logger.Warn(variable+" is neither true nor false, and so taken for false", "value", value)
	}
	return false
}

func (s *settings) traces() bool { return traces.asked() || len(s.exporters) > 0 }

func (s *settings) metrics() bool {
	return metrics.asked() || len(s.readers) > 0 || s.prometheus != nil
}

// checks are of the variables that matter.
func (s *settings) checks() (checks []check) {
	if s.traces() {
		checks = append(checks, traceChecks()...)
	}
	if s.metrics() {
		checks = append(checks, metricChecks()...)
	}
	if s.traces() || s.metrics() {
		checks = append(checks, resourceChecks...)
	}
	for _, signal := range []signal{traces, metrics} {
		if signal.otlpAsked() {
			checks = append(checks, otlpChecks(signal)...)
		}
	}
	return checks
}
