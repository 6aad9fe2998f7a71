package streams_test

import (
	"context"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/streams"
)

// Nobody else could tell the trace of it: whoever ran the handler is dead.
func TestAMessageThatIsNeverFinishedSaysSoInItsTrace(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	config := streams.SubscriberConfig{IdleTime: shortIdle, MaxUnfinished: 2}
	msg := message.NewMessage("killer", []byte("payload"))
	const id = "0af7651916cd43dd8448eb211c80319c"
	msg.Metadata.Set("traceparent", "00-"+id+"-b7ad6b7169203331-01")
	require.NoError(t, newPublisher(t, c, streams.PublisherConfig{}).Publish(topic, msg))
	for range 2 {
		m := newMortal(t, topic, config)
		receive(t, m.messages)
		m.die(t)
	}
	spans := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	t.Cleanup(func() { _ = provider.Shutdown(context.Background()) })
	config.TracerProvider = provider
	subscribe(t, c, topic, config)
	eventually(t, func() bool { return c.XLen(t.Context(), topic+":poison").Val() == 1 }, "not poisoned")

	require.Len(t, spans.GetSpans(), 1)
	span := spans.GetSpans()[0]
	require.Equal(t, "process "+topic, span.Name)
	require.Equal(t, "b7ad6b7169203331", span.Parent.SpanID().String())
	require.Equal(t, trace.SpanKindConsumer, span.SpanKind)
	require.Equal(t, "millstream.poisoned", span.Events[0].Name)
	dead := decoded(t, c, topic+":poison")[0]
	carried := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier(dead.Metadata))
	require.Equal(t, span.SpanContext.SpanID(), trace.SpanContextFromContext(carried).SpanID())
	require.Equal(t, id, dead.Metadata[handoff.KeyTraceID])
}
