package telemetry

import (
	"context"
	"slices"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	wm "github.com/ThreeDotsLabs/watermill/message/router/middleware"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/millstream-go/millstream/internal/handoff"
)

// Middleware makes a span of each run of a handler, measures it, and carries the
// message's context over to what the handler publishes. Its place is outside of all
// other middleware.
//
// With nothing to record it costs next to nothing, and it must need no more of the
// stack: a router's goroutine begins with a small one.
func (t *Telemetry) Middleware(next message.HandlerFunc) message.HandlerFunc {
	var places recent
	return func(msg *message.Message) ([]*message.Message, error) {
		tracer, measured := t.tracers.get(), t.processed(msg.Context())
		ctx := msg.Context()
		h := handoff.FromContext(ctx)
		nothing := tracer == nil && !measured && !t.carries(msg)
		if nothing && h == nil {
			return next(msg)
		}
		// It is restored: whoever settles the message is outside of the span.
		defer msg.SetContext(ctx)
		if nothing {
			// Whoever asks for the handoff, or for a span to go on with, is answered here.
			msg.SetContext(t.passing(ctx, h, &noContext))
			return next(msg)
		}
		if t.arrive(ctx, h, msg, tracer, measured) {
			return t.passOn(msg, next)
		}
		return t.process(&places, h, tracer, measured, msg, next)
	}
}

// arrive puts what came along into the context of a message, and reports whether there
// is nothing to record of it: no tracer, or the trace was left out where it began.
func (t *Telemetry) arrive(ctx context.Context, h *handoff.Handoff, msg *message.Message, tracer trace.Tracer, measured bool) (passes bool) {
	if !t.w3c {
		msg.SetContext(t.propagator.Extract(ctx, propagation.MapCarrier(msg.Metadata)))
		leftOut := tracer == nil || isLeftOut(trace.SpanContextFromContext(msg.Context())) && t.passes()
		return leftOut && !measured
	}
	c := carried(h, msg)
	if !measured && (tracer == nil || saysLeftOut(c.Traceparent) && t.passes()) {
		msg.SetContext(t.passing(ctx, h, c))
		return true
	}
	if *c != noContext {
		msg.SetContext(t.propagator.Extract(ctx, (*carrier)(c)))
		// Publishers that are not traced, and middleware, look for it here.
		if msg.Metadata == nil {
			msg.Metadata = message.Metadata{}
		}
		c.Restore(msg.Metadata)
	}
	return false
}

// passOn runs a handler that there is nothing to record of.
func (t *Telemetry) passOn(msg *message.Message, next message.HandlerFunc) ([]*message.Message, error) {
	made, err := next(msg)
	if len(made) > 0 {
		t.continued(msg.Context(), made)
	}
	return made, err
}

// continued has what a handler made go on in its context, which message.NewMessage does
// not give it: a router publishes it later, by a publisher that may know of no traces.
func (t *Telemetry) continued(ctx context.Context, made []*message.Message) {
	of, carried := trace.SpanContextFromContext(ctx), baggage.FromContext(ctx)
	if !of.IsValid() && carried.Len() == 0 {
		return
	}
	for _, m := range made {
		if m == nil {
			continue
		}
		if !trace.SpanContextFromContext(m.Context()).IsValid() {
			m.SetContext(baggage.ContextWithBaggage(trace.ContextWithSpanContext(m.Context(), of), carried))
		}
		t.inject(m.Context(), m)
	}
}

func (t *Telemetry) process(places *recent, h *handoff.Handoff, tracer trace.Tracer, measured bool, msg *message.Message, next message.HandlerFunc) (made []*message.Message, err error) {
	l := places.of(&t.topics, placeOf(msg.Context(), h, msg))
	ctx, span := t.begin(tracer, l, msg)
	if !measured && !span.IsRecording() {
		msg.SetContext(t.begunLeftOut(ctx, h, span))
		return t.passOn(msg, next)
	}
	d := &delivery{Context: ctx, telemetry: t, tracer: tracer, handoff: h, span: span, labels: l}
	if measured {
		d.began = time.Now()
	}
	if span.IsRecording() {
		span.SetAttributes(d.describe(msg)...)
		if h != nil {
			h.Watch(d)
		}
	}
	msg.SetContext(d)
	defer func() { d.end(err) }()
	err = errPanicked // unless it returns
	made, err = next(msg)
	if len(made) > 0 {
		t.continued(d, made)
	}
	return made, err
}

// begunLeftOut returns the context for the handlers of a message whose trace begins
// here, and is left out.
func (t *Telemetry) begunLeftOut(ctx context.Context, h *handoff.Handoff, span trace.Span) context.Context {
	of := span.SpanContext()
	if !t.w3c || !isLeftOut(of) || !t.tracers.follows() || of.TraceState().Len() > 0 || baggage.FromContext(ctx).Len() > 0 {
		return ctx
	}
	p := &passing{Context: ctx, telemetry: t, handoff: h, carried: &handoff.Carried{Traceparent: leftOutParent(of)}}
	p.read.Store(&p.Context)
	return p
}

// begin begins the span, if there is a tracer and the message is not of a trace that was
// left out: that is only measured.
func (t *Telemetry) begin(tracer trace.Tracer, l *labels, msg *message.Message) (context.Context, trace.Span) {
	ctx := msg.Context()
	of := trace.SpanContextFromContext(ctx)
	if tracer == nil || isLeftOut(of) && t.passes() {
		return ctx, noop.Span{}
	}
	options := l.options
	if t.config.Links {
		options = append(slices.Clip(options), trace.WithNewRoot())
		if of.IsValid() {
			options = append(options, trace.WithLinks(trace.Link{SpanContext: of}))
		}
	}
	return tracer.Start(ctx, l.span, options...)
}

// placeOf returns where a message is processed.
func placeOf(ctx context.Context, h *handoff.Handoff, msg *message.Message) place {
	p := place{operation: process, topic: message.SubscribeTopicFromCtx(ctx)}
	if h != nil {
		p.topic, p.group = h.Topic, h.Group
		return p
	}
	p.pattern = msg.Metadata[handoff.KeyPattern] != ""
	return p
}

// aboutMessage returns the attributes of a message that are the same wherever it is.
func aboutMessage(msg *message.Message) []attribute.KeyValue {
	attributes := append(make([]attribute.KeyValue, 0, 10),
		semconv.MessagingMessageID(msg.UUID), semconv.MessagingMessageBodySize(len(msg.Payload)))
	if id := wm.MessageCorrelationID(msg); id != "" {
		attributes = append(attributes, semconv.MessagingMessageConversationID(id))
	}
	return attributes
}

// describe returns the attributes of the message and its processing.
func (d *delivery) describe(msg *message.Message) []attribute.KeyValue {
	attributes := aboutMessage(msg)
	if name := message.HandlerNameFromCtx(d.Context); name != "" {
		attributes = append(attributes, KeyHandler.String(name))
	}
	h := d.handoff
	if channel := msg.Metadata[handoff.KeyChannel]; channel != "" && h == nil {
		attributes = append(attributes, semconv.MessagingDestinationName(channel))
	}
	if h != nil {
		attributes = append(attributes, KeyEntryID.String(h.ID), KeyAttempt.Int(h.Runs()), semconv.MessagingClientID(h.Consumer))
		if wait, ok := waited(h.ID); ok {
			attributes = append(attributes, KeyWait.Int64(wait.Milliseconds()))
		}
	}
	return attributes
}

// waited returns how long before an entry was added, by the id that Redis gave it: the
// clocks of two hosts may differ, and less than nothing it cannot be.
func waited(entryID string) (time.Duration, bool) {
	ms, ok := handoff.AddedAt(entryID)
	if !ok {
		return 0, false
	}
	return max(time.Since(ms), 0), true
}
