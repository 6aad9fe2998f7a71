package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/trace"
)

// follows reports whether the tracer's sampler leaves out what belongs to a trace that
// was left out where it began, as OpenTelemetry's default does. Then nothing has to be
// asked for each message of such a trace, nor a span made that is none.
//
// A sampler cannot be looked at, only asked: for a span below one that was left out,
// in a trace whose id even a sampler that keeps one in a billion takes. Should it be
// taken, it is never ended, and so goes nowhere.
func follows(tracer trace.Tracer) bool {
	parent := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}, Remote: true})
	_, span := tracer.Start(trace.ContextWithRemoteSpanContext(context.Background(), parent), "sampler probe")
	return !span.SpanContext().IsSampled() && !span.IsRecording()
}

// isLeftOut reports whether a span belongs to a trace that was not sampled.
func isLeftOut(of trace.SpanContext) bool { return of.IsValid() && !of.IsSampled() }

// passes reports whether what belongs to a trace that was left out is processed without
// a span. With links each run begins a trace of its own, which the sampler decides on.
func (t *Telemetry) passes() bool { return !t.config.Links && t.tracers.follows() }
