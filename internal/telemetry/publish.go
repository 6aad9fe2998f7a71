package telemetry

import (
	"context"
	"slices"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/millstream-go/millstream/internal/handoff"
)

// Publisher returns a publisher that makes spans of what is published with p, measures
// it, and sends the context of each message along in its metadata. Closing it closes p.
func (t *Telemetry) Publisher(p message.Publisher) message.Publisher {
	return publisher{Publisher: p, telemetry: t, carries: handoff.Carries(p)}
}

type publisher struct {
	message.Publisher
	telemetry *Telemetry
	// carries: it publishes what contexts carry by itself.
	carries bool
}

// Publish publishes messages, and changes their metadata.
func (p publisher) Publish(topic string, messages ...*message.Message) error {
	t := p.telemetry
	for _, msg := range messages {
		if msg == nil {
			return p.Publisher.Publish(topic, messages...) // which says what is wrong
		}
	}
	if len(messages) == 0 {
		return p.Publisher.Publish(topic)
	}
	tracer, measured := t.tracers.get(), t.published(messages[0].Context())
	if !measured && p.allPassing(messages) {
		return p.Publisher.Publish(topic, messages...)
	}
	if tracer != nil && allLeftOut(messages) && t.tracers.follows() {
		tracer = nil
	}
	if tracer == nil {
		for _, msg := range messages {
			t.forward(msg)
		}
		if !measured {
			return p.Publisher.Publish(topic, messages...)
		}
	}
	return p.send(tracer, topic, messages)
}

// allLeftOut reports whether all messages belong to traces that were not sampled.
func allLeftOut(messages []*message.Message) bool {
	for _, msg := range messages {
		if !isLeftOut(trace.SpanContextFromContext(msg.Context())) {
			return false
		}
	}
	return true
}

// forward sends a context along that came from elsewhere.
func (t *Telemetry) forward(msg *message.Message) {
	ctx := msg.Context()
	if trace.SpanContextFromContext(ctx).IsValid() || baggage.FromContext(ctx).Len() > 0 {
		t.inject(ctx, msg)
	}
}

// inject puts a context into the metadata, in place of what a message has from the one
// that it was made of.
func (t *Telemetry) inject(ctx context.Context, msg *message.Message) {
	if msg.Metadata == nil {
		msg.Metadata = message.Metadata{}
	}
	if len(msg.Metadata) > 0 {
		for _, field := range t.fields {
			delete(msg.Metadata, field)
		}
	}
	t.propagator.Inject(ctx, propagation.MapCarrier(msg.Metadata))
}

// send publishes messages in a span, if there is a tracer. That of a single message is
// what goes along with it; of several each has one, for what is made of it to belong to.
func (p publisher) send(tracer trace.Tracer, topic string, messages []*message.Message) error {
	t := p.telemetry
	ctx := messages[0].Context()
	var span trace.Span
	switch {
	case tracer == nil:
		span = trace.SpanFromContext(context.Background())
	case len(messages) == 1:
		ctx, span = t.sendOne(tracer, topic, messages[0])
	default:
		ctx, span = t.sendMany(tracer, topic, messages)
	}
	defer span.End()
	began := time.Now()
	err := p.Publisher.Publish(topic, messages...)
	if err != nil && span.IsRecording() {
		span.SetStatus(codes.Error, t.text(err))
		span.SetAttributes(semconv.ErrorTypeKey.String(typeOf(err)))
	}
	t.measureSent(ctx, topic, len(messages), time.Since(began), err)
	return err
}

// sendOne begins the span of a message that is sent alone.
func (t *Telemetry) sendOne(tracer trace.Tracer, topic string, msg *message.Message) (context.Context, trace.Span) {
	l := t.topics.of(place{operation: send, topic: topic})
	ctx, span := tracer.Start(msg.Context(), l.span, l.options...)
	describeSent(span, msg)
	t.inject(ctx, msg)
	return ctx, span
}

// sendMany begins the span of messages that are sent together, with a link to one for
// each.
func (t *Telemetry) sendMany(tracer trace.Tracer, topic string, messages []*message.Message) (context.Context, trace.Span) {
	l := t.topics.of(place{operation: create, topic: topic})
	links := make([]trace.Link, len(messages))
	for i, msg := range messages {
		ctx, span := tracer.Start(msg.Context(), l.span, l.options...)
		describeSent(span, msg)
		t.inject(ctx, msg)
		links[i].SpanContext = span.SpanContext()
		span.End()
	}
	l = t.topics.of(place{operation: sendBatch, topic: topic})
	options := append(slices.Clip(l.options),
		trace.WithLinks(links...), trace.WithAttributes(semconv.MessagingBatchMessageCount(len(messages))))
	return tracer.Start(messages[0].Context(), l.span, options...)
}

func describeSent(span trace.Span, msg *message.Message) {
	if span.IsRecording() {
		span.SetAttributes(aboutMessage(msg)...)
	}
}

func (t *Telemetry) measureSent(ctx context.Context, topic string, messages int, took time.Duration, err error) {
	l := t.topics.of(place{operation: send, topic: topic})
	duration, count := l.duration, l.measure
	if err != nil {
		reason := typeOf(err)
		duration, count = failed(&l.durationSet, reason), failed(&l.set, reason)
	}
	t.operationDuration.Record(ctx, took.Seconds(), duration)
	t.sent.Add(ctx, int64(messages), count)
}
