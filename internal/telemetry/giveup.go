package telemetry

import (
	"context"

	"github.com/ThreeDotsLabs/watermill/message"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/millstream-go/millstream/internal/handoff"
)

// GivenUp is a message that a transport gives up itself: no handler got it, or none
// finished it.
type GivenUp struct {
	Topic, Group, Consumer, EntryID string
	// Channel is the one that it was published to, if Topic is a pattern.
	Channel string
	Attempt int
	// Kind is one of the kinds of package handoff, Reason a text of our own.
	Kind, Reason string
}

// GiveUp records it as a run that failed, in the message's trace if it has one, and has
// msg, which goes to the poison topic, continue that.
func (t *Telemetry) GiveUp(ctx context.Context, msg *message.Message, g GivenUp) {
	l := t.topics.of(place{operation: process, topic: g.Topic, pattern: g.Channel != "", group: g.Group})
	t.poisoned.Add(ctx, 1, l.measure, metric.WithAttributes(KeyPoisonKind.String(g.Kind)))
	tracer := t.tracers.get()
	if tracer == nil {
		return
	}
	ctx = t.propagator.Extract(ctx, propagation.MapCarrier(msg.Metadata))
	if isLeftOut(trace.SpanContextFromContext(ctx)) && t.tracers.follows() {
		return
	}
	ctx, span := tracer.Start(ctx, l.span, l.options...)
	defer span.End()
	t.inject(ctx, msg)
	if of := span.SpanContext(); of.HasTraceID() {
		msg.Metadata[handoff.KeyTraceID] = of.TraceID().String()
	}
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(semconv.MessagingMessageID(msg.UUID), semconv.MessagingMessageBodySize(len(msg.Payload)),
		KeyAttempt.Int(g.Attempt), KeyOutcome.String(Poisoned), KeyPoisonKind.String(g.Kind), semconv.ErrorTypeKey.String(g.Kind))
	if g.EntryID != "" {
		span.SetAttributes(KeyEntryID.String(g.EntryID), semconv.MessagingClientID(g.Consumer))
	}
	if g.Channel != "" {
		span.SetAttributes(semconv.MessagingDestinationName(g.Channel))
	}
	span.AddEvent(EventPoisoned, trace.WithAttributes(KeyPoisonKind.String(g.Kind), KeyReason.String(g.Reason)))
	span.SetStatus(codes.Error, g.Reason)
}
