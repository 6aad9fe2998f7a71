package pipeline

import (
	"context"

	"github.com/ThreeDotsLabs/watermill/message"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/millstream-go/millstream/internal/telemetry"
)

// Telemetry is the option that says how a pipeline is traced and measured with
// OpenTelemetry. Without it, as with its zero value, it is with what the program has
// set up for all its code by the time the pipeline runs, as tracing.Setup does, and
// costs next to nothing while nothing is set up.
//
// Each message has one trace through all stages: each run of a handler is a span
// "process TOPIC", below the span "send TOPIC" of what it works on, whose context goes
// along in the metadata. docs/tracing.md lists spans, attributes and events.
type Telemetry struct {
	// Off leaves all of it out, but for what a transport records of itself. A context in
	// a message's metadata goes no further then.
	Off bool
	// TracerProvider and MeterProvider make spans and metrics. Default: the global ones
	// (otel.GetTracerProvider, otel.GetMeterProvider). What a transport counts itself, and
	// what it gives up without a handler, is its own providers': see streams.Config and
	// pubsub.SubscriberConfig.
	TracerProvider trace.TracerProvider
	MeterProvider  metric.MeterProvider
	// Propagator carries contexts in metadata. Default: the global one, or if none is
	// set W3C trace context and baggage.
	Propagator propagation.TextMapPropagator
	// System is the attribute messaging.system. Default: "redis".
	System string
	// Links begins a new trace with each run of a handler, and links it to the message's
	// instead of continuing that: for messages that fan out into thousands, which would
	// make one trace too large to be looked at.
	Links bool
	// HideErrors records types of errors only, where their texts may hold what a
	// tracing system must not.
	HideErrors bool
}

func (t Telemetry) applyPipeline(p *Pipeline) { p.telemetry = t }

// instrument makes what traces and measures the pipeline; nil if that is off.
func (t Telemetry) instrument() (*telemetry.Telemetry, error) {
	if t.Off {
		return nil, nil
	}
	return telemetry.New(telemetry.Config{
		TracerProvider: t.TracerProvider, MeterProvider: t.MeterProvider, Propagator: t.Propagator,
		System: t.System, Links: t.Links, HideErrors: t.HideErrors,
	})
}

// untraced leaves out the span that a run is called in: messages come from elsewhere, and
// have traces of their own.
func untraced(ctx context.Context) context.Context {
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return ctx
	}
	return trace.ContextWithSpanContext(ctx, trace.SpanContext{})
}

// instrumented wraps a transport's publisher.
func instrumented(p message.Publisher, t *telemetry.Telemetry) message.Publisher {
	if t == nil {
		return p
	}
	return t.Publisher(p)
}
