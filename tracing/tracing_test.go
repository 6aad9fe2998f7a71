package tracing_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/tracing"
)

// bare is a Watermill router on a transport that Millstream knows nothing of.
type bare struct {
	channel *gochannel.GoChannel
	spans   *tracetest.InMemoryExporter
	reader  *sdkmetric.ManualReader
	tracing *tracing.Tracing
	router  *message.Router
}

func newBare(t *testing.T, config tracing.Config) *bare {
	t.Helper()
	b := &bare{
		channel: gochannel.NewGoChannel(gochannel.Config{}, watermill.NopLogger{}),
		spans:   tracetest.NewInMemoryExporter(), reader: sdkmetric.NewManualReader(),
	}
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSyncer(b.spans))
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(b.reader))
	t.Cleanup(func() {
		require.NoError(t, errors.Join(tracers.Shutdown(context.Background()), meters.Shutdown(context.Background()), b.channel.Close()))
	})
	config.TracerProvider, config.MeterProvider = tracers, meters
	var err error
	b.tracing, err = tracing.New(config)
	require.NoError(t, err)
	b.router, err = message.NewRouter(message.RouterConfig{}, watermill.NopLogger{})
	require.NoError(t, err)
	b.router.AddMiddleware(b.tracing.Middleware)
	return b
}

// run runs the router until the test ends.
func (b *bare) run(t *testing.T) {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- b.router.Run(context.Background()) }()
	<-b.router.Running()
	t.Cleanup(func() {
		require.NoError(t, b.router.Close())
		require.NoError(t, <-ended)
	})
}

// await waits for so many spans and returns them by name.
func (b *bare) await(t *testing.T, n int) map[string]tracetest.SpanStub {
	t.Helper()
	require.Eventually(t, func() bool { return len(b.spans.GetSpans()) >= n }, 30*time.Second, time.Millisecond)
	named := map[string]tracetest.SpanStub{}
	for _, span := range b.spans.GetSpans() {
		named[span.Name] = span
	}
	return named
}

func (b *bare) metrics(t *testing.T) map[string]metricdata.Metrics {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, b.reader.Collect(context.Background(), &all))
	named := map[string]metricdata.Metrics{}
	for _, scope := range all.ScopeMetrics {
		require.Equal(t, "github.com/millstream-go/millstream", scope.Scope.Name)
		for _, m := range scope.Metrics {
			named[m.Name] = m
		}
	}
	return named
}

func TestABareRouterIsTraced(t *testing.T) {
	t.Parallel()
	for name, decorated := range map[string]bool{"with a traced publisher": true, "with any publisher": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBare(t, tracing.Config{System: "channels"})
			if decorated {
				b.router.AddPublisherDecorators(b.tracing.Publisher)
			}
			b.router.AddHandler("double", "in", b.channel, "out", b.channel, func(msg *message.Message) ([]*message.Message, error) {
				return []*message.Message{message.NewMessage("made", msg.Payload)}, nil
			})
			b.router.AddConsumerHandler("print", "out", b.channel, func(*message.Message) error { return nil })
			b.run(t)
			publisher, err := b.tracing.Publisher(b.channel)
			require.NoError(t, err)
			require.NoError(t, publisher.Publish("in", message.NewMessage("id", []byte("1"))))

			want := []string{"send in", "process in", "process out"}
			if decorated {
				want = []string{"send in", "process in", "send out", "process out"}
			}
			spans := b.await(t, len(want))
			require.Len(t, spans, len(want))
			for i, name := range want[1:] {
				require.Equal(t, spans[want[i]].SpanContext.SpanID(), spans[name].Parent.SpanID(), name)
			}
			in := spans["process in"]
			require.Equal(t, trace.SpanKindConsumer, in.SpanKind)
			require.Subset(t, in.Attributes, []attribute.KeyValue{
				attribute.String("messaging.system", "channels"), attribute.String("messaging.destination.name", "in"),
				attribute.String("messaging.message.id", "id"), attribute.String("millstream.handler", "double"),
				attribute.String("millstream.outcome", "acked"),
			})
		})
	}
}

func TestMiddlewareTellsWhatHappensOnAnyTransport(t *testing.T) {
	t.Parallel()
	b := newBare(t, tracing.Config{})
	poison, err := middleware.NewPoisonQueue(b.channel, "poison", middleware.PoisonConfig{})
	require.NoError(t, err)
	chain := middleware.DefaultChain(poison)
	chain.Retry = middleware.Retry{MaxAttempts: 3, InitialInterval: 1e6, MaxInterval: 1e6}.Middleware
	b.router.AddMiddleware(chain.Middleware)
	b.router.AddConsumerHandler("print", "in", b.channel, func(*message.Message) error { return errors.New("no paper") })
	b.run(t)
	require.NoError(t, b.channel.Publish("in", message.NewMessage("id", nil)))
	span := b.await(t, 1)["process in"]
	var names []string
	for _, e := range span.Events {
		names = append(names, e.Name)
	}
	require.Equal(t, []string{"millstream.retry", "millstream.retry", "millstream.poisoned"}, names)
	require.Equal(t, codes.Error, span.Status.Code)
	require.Subset(t, span.Attributes, []attribute.KeyValue{
		attribute.String("millstream.outcome", "poisoned"), attribute.String("millstream.poison_kind", "exhausted"),
		attribute.Int("millstream.retries", 2), attribute.String("error.type", "*errors.errorString"),
	})

	metrics := b.metrics(t)
	require.EqualValues(t, 2, sumOf(t, metrics["millstream.messages.retried"]))
	require.EqualValues(t, 1, sumOf(t, metrics["millstream.messages.poisoned"]))
	require.EqualValues(t, 1, sumOf(t, metrics["messaging.client.consumed.messages"]))
	duration := metrics["messaging.process.duration"].Data.(metricdata.Histogram[float64]).DataPoints
	require.Len(t, duration, 1)
	kind, ok := duration[0].Attributes.Value("error.type")
	require.True(t, ok)
	require.Equal(t, "*errors.errorString", kind.AsString())
}

func sumOf(t *testing.T, m metricdata.Metrics) (sum int64) {
	t.Helper()
	data, ok := m.Data.(metricdata.Sum[int64])
	require.True(t, ok, "%s is no counter but %T", m.Name, m.Data)
	for _, point := range data.DataPoints {
		sum += point.Value
	}
	return sum
}

func TestARejectedMessageIsAFailure(t *testing.T) {
	t.Parallel()
	b := newBare(t, tracing.Config{HideErrors: true})
	first := true
	b.router.AddConsumerHandler("print", "in", b.channel, func(*message.Message) error {
		if first {
			first = false
			return errors.New("secret")
		}
		return nil
	})
	b.run(t)
	require.NoError(t, b.channel.Publish("in", message.NewMessage("id", nil)))
	b.await(t, 2)
	failed := b.spans.GetSpans()[0]
	require.Equal(t, codes.Error, failed.Status.Code)
	require.Empty(t, failed.Status.Description)
	require.Contains(t, failed.Attributes, attribute.String("millstream.outcome", "nacked"))
}

// A program may choose a topic for each message. Spans name them all, and series of
// metrics are bounded.
func TestTopicsWithoutEndDoNotMakeSeriesWithoutEnd(t *testing.T) {
	t.Parallel()
	b := newBare(t, tracing.Config{})
	publisher, err := b.tracing.Publisher(b.channel)
	require.NoError(t, err)
	const topics = 1500
	for range topics {
		require.NoError(t, publisher.Publish("topic."+watermill.NewUUID(), message.NewMessage("id", nil)))
	}
	require.Len(t, b.await(t, topics), topics)
	sent := b.metrics(t)["messaging.client.sent.messages"].Data.(metricdata.Sum[int64]).DataPoints
	require.LessOrEqual(t, len(sent), 1001)
	require.EqualValues(t, topics, sumOf(t, b.metrics(t)["messaging.client.sent.messages"]))
}

// failing publishes nothing.
type failing struct{}

func (failing) Publish(string, ...*message.Message) error { return errors.New("no Redis") }
func (failing) Close() error                              { return errors.New("closed twice") }

func TestAPublishThatFailsIsRecordedAndItsErrorPassedOn(t *testing.T) {
	t.Parallel()
	b := newBare(t, tracing.Config{})
	publisher, err := b.tracing.Publisher(failing{})
	require.NoError(t, err)
	require.EqualError(t, publisher.Publish("topic", message.NewMessage("id", nil)), "no Redis")
	require.EqualError(t, publisher.Publish("topic", message.NewMessage("1", nil), message.NewMessage("2", nil)), "no Redis")
	for _, span := range b.spans.GetSpans() {
		if span.Name == "send topic" {
			require.Equal(t, codes.Error, span.Status.Code)
			require.Contains(t, span.Attributes, attribute.String("error.type", "*errors.errorString"))
		}
	}
	require.Len(t, b.spans.GetSpans(), 4)
	require.EqualError(t, publisher.Close(), "closed twice")
}

func TestMisuseIsAnErrorOrDoesNothing(t *testing.T) {
	t.Parallel()
	b := newBare(t, tracing.Config{})
	_, err := b.tracing.Publisher(nil)
	require.ErrorContains(t, err, "nil")
	var none *tracing.Tracing
	publisher, err := none.Publisher(b.channel)
	require.NoError(t, err)
	require.Same(t, b.channel, publisher)
	handled := false
	_, err = none.Middleware(func(*message.Message) ([]*message.Message, error) { handled = true; return nil, nil })(message.NewMessage("id", nil))
	require.NoError(t, err)
	require.True(t, handled)

	traced, err := b.tracing.Publisher(b.channel)
	require.NoError(t, err)
	require.NoError(t, traced.Publish("topic"))
	require.NoError(t, traced.Publish("topic", &message.Message{UUID: "without metadata"}))
}
