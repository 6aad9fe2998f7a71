package tracing

import (
	"context"
	"log/slog"
	"slices"

	"go.opentelemetry.io/otel/trace"
)

// NewLogHandler returns a handler that passes every record on to next, and adds to
// those whose context has a span the attributes trace_id, span_id and trace_flags, as
// OpenTelemetry wants them in logs: in lower-case hex, and at the top level whatever
// groups are open. A flag of 01 says that the trace is recorded, and so can be found.
// A span counts even if tracing is off in this process, as when it came with a message.
//
// Only the methods of a logger that take a context, such as InfoContext, have a span to
// tell of. Do not wrap the handler of [slog.Default] as it is at the start of a program
// and make the result the default: that one logs to itself and blocks.
//
// The handler may be used concurrently if next may. A nil next discards all.
func NewLogHandler(next slog.Handler) slog.Handler {
	if next == nil {
		next = slog.DiscardHandler
	}
	return &logHandler{next: next, top: next}
}

type logHandler struct {
	next slog.Handler
	// top is next without the groups, and since is what was asked of next from the
	// first group on: with it the ids get to the top level.
	top   slog.Handler
	since []func(slog.Handler) slog.Handler
}

// Enabled reports whether the next handler wants records of a level.
func (h *logHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

// Handle passes a record on, with the ids of its span if it has one.
func (h *logHandler) Handle(ctx context.Context, record slog.Record) error {
	span := trace.SpanContextFromContext(ctx)
	if !span.IsValid() {
		return h.next.Handle(ctx, record)
	}
	ids := []slog.Attr{
		slog.String("trace_id", span.TraceID().String()),
		slog.String("span_id", span.SpanID().String()),
		slog.String("trace_flags", span.TraceFlags().String()),
	}
	if len(h.since) == 0 {
		record = record.Clone()
		record.AddAttrs(ids...)
		return h.next.Handle(ctx, record)
	}
	next := h.top.WithAttrs(ids)
	for _, apply := range h.since {
		next = apply(next)
	}
	return next.Handle(ctx, record)
}

// WithAttrs returns a handler that adds attributes to every record.
func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	if len(h.since) == 0 {
		next := h.next.WithAttrs(attrs)
		return &logHandler{next: next, top: next}
	}
	return h.with(func(next slog.Handler) slog.Handler { return next.WithAttrs(attrs) })
}

// WithGroup returns a handler that puts what follows into a group.
func (h *logHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	return h.with(func(next slog.Handler) slog.Handler { return next.WithGroup(name) })
}

func (h *logHandler) with(apply func(slog.Handler) slog.Handler) *logHandler {
	return &logHandler{next: apply(h.next), top: h.top, since: append(slices.Clip(h.since), apply)}
}
