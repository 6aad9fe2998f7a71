package pubsub_test

import (
	"context"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/millstream-go/millstream/pubsub"
)

func TestAMessageThatIsGivenUpSaysSoInItsTrace(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(), client(t)
	spans := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	t.Cleanup(func() { _ = provider.Shutdown(context.Background()) })
	envelopes := newPublisher(t, c, pubsub.PublisherConfig{Envelope: true})
	poisoned, _ := subscribe(t, c, topic+":poison", pubsub.SubscriberConfig{})
	messages, _ := subscribe(t, c, topic+".*", pubsub.SubscriberConfig{
		Patterns: true, MaxRedeliveries: -1, Poison: envelopes, PoisonTopic: topic + ":poison", TracerProvider: provider,
	})
	msg := message.NewMessage("id", []byte("bad"))
	msg.Metadata.Set("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	require.NoError(t, envelopes.Publish(topic+".a", msg))
	receive(t, messages).Nack()
	dead := receive(t, poisoned)
	dead.Ack()

	require.Len(t, spans.GetSpans(), 1)
	span := spans.GetSpans()[0]
	require.Equal(t, "process "+topic+".*", span.Name)
	require.Equal(t, "b7ad6b7169203331", span.Parent.SpanID().String())
	require.Contains(t, span.Attributes, attribute.String("messaging.destination.template", topic+".*"))
	require.Contains(t, span.Attributes, attribute.String("messaging.destination.name", topic+".a"))
	require.Contains(t, span.Attributes, attribute.String("millstream.poison_kind", "exhausted"))
	carried := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier(dead.Metadata))
	require.Equal(t, span.SpanContext.SpanID(), trace.SpanContextFromContext(carried).SpanID())
}

// Anyone may publish an envelope, with whatever in it.
func TestAnEnvelopeDoesNotSayWhereItCameFrom(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(), client(t)
	messages, _ := subscribe(t, c, topic, pubsub.SubscriberConfig{})
	msg := message.NewMessage("id", nil)
	msg.Metadata.Set(pubsub.KeyChannel, "another")
	msg.Metadata.Set(pubsub.KeyPattern, "another.*")
	require.NoError(t, newPublisher(t, c, pubsub.PublisherConfig{Envelope: true}).Publish(topic, msg))
	got := receive(t, messages)
	got.Ack()
	require.Empty(t, got.Metadata)
}
