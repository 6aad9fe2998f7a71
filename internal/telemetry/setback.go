package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/millstream-go/millstream/internal/handoff"
)

var _ handoff.Watcher = (*delivery)(nil)

// Traced returns a context with the span alone: the message's has ended.
func (d *delivery) Traced() context.Context {
	return trace.ContextWithSpanContext(context.Background(), d.span.SpanContext())
}

// Setback records what became of a run after its span had ended: a span of its own,
// for only commits that went another way are worth one.
func (d *delivery) Setback(s handoff.Setback, err error) {
	t := d.telemetry
	l := t.topics.of(place{operation: settle, topic: d.handoff.Topic, group: d.handoff.Group})
	_, span := d.tracer.Start(d.Traced(), l.span, l.options...)
	defer span.End()
	span.SetAttributes(KeyEntryID.String(d.handoff.ID), KeyOutcome.String(string(s)))
	switch s {
	case handoff.Duplicated:
		span.AddEvent(EventDuplicate)
		return
	case handoff.Unconfirmed:
		return
	}
	text := map[handoff.Setback]string{
		handoff.Fenced:   "another consumer had settled or taken over the message: the outputs of this run were dropped",
		handoff.Orphaned: "the consumer group was gone: the outputs of this run were dropped",
		handoff.Refused:  "Redis refused an output: the message is put aside",
	}[s]
	span.SetStatus(codes.Error, text)
	kind := string(s)
	if err != nil {
		kind = typeOf(err)
	}
	span.SetAttributes(semconv.ErrorTypeKey.String(kind))
}
