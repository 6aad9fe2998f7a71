package millstream_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/prometheus/client_golang/prometheus"
	promexporter "go.opentelemetry.io/otel/exporters/prometheus"
	sdk "go.opentelemetry.io/otel/sdk/metric"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/pubsub"
	"github.com/millstream-go/millstream/streams"
)

var silent = slog.New(slog.DiscardHandler)

// runTroubledPipeline runs a pipeline until the test ends, with messages that make each
// kind of trouble that has a metric or a label of its own. Pub/Sub keeps nothing: what
// arrives by it must be called for until somebody hears of it.
func runTroubledPipeline(t *testing.T) (registry *prometheus.Registry, call func()) {
	t.Helper()
	registry = prometheus.NewRegistry()
	reader, err := promexporter.New(promexporter.WithRegisterer(registry))
	must(t, err)
	provider := sdk.NewMeterProvider(sdk.WithReader(reader))
	t.Cleanup(func() { must(t, provider.Shutdown(context.Background())) })

	client := redistest.Start(t).Client(t)
	durable, err := streams.NewTransport(client, streams.Config{MeterProvider: provider, Logger: silent})
	must(t, err)
	live, err := pubsub.NewTransport(client, pubsub.Config{
		Subscriber: pubsub.SubscriberConfig{Patterns: true, MeterProvider: provider, Logger: silent},
	})
	must(t, err)
	p := pipeline.New("shop", pipeline.Logger(silent), pipeline.Telemetry{MeterProvider: provider})
	orders := troubled(p, live)
	publisher, err := pipeline.NewPublisher(orders, durable)
	must(t, err)
	must(t, publisher.Publish(t.Context(), "plain", "twice", "twice", "flaky", "poison"))
	must(t, publisher.Close())

	listener, err := pubsub.NewSubscriber(client, pubsub.SubscriberConfig{MeterProvider: provider, Logger: silent})
	must(t, err)
	_, err = listener.Subscribe(t.Context(), "prices")
	must(t, err)
	t.Cleanup(func() { must(t, listener.Close()) })

	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx, durable) }()
	t.Cleanup(func() {
		cancel()
		must(t, <-ended)
	})
	return registry, func() { must(t, client.Publish(t.Context(), "calls.a", "no JSON").Err()) }
}

// troubled composes a pipeline that takes orders from a stream and from channels.
func troubled(p *pipeline.Pipeline, live pipeline.Transport) pipeline.Flow[string] {
	orders := pipeline.Source[string](p, "orders")
	pipeline.Sink(orders, "charge", charge, pipeline.Chain(func(c *middleware.Chain) {
		// The first time the message keeps its place, and then it is put aside.
		c.Retry = middleware.Retry{InitialInterval: time.Millisecond, MaxInterval: 2 * time.Millisecond, HoldUpTo: time.Millisecond}.Middleware
		c.Dedup = middleware.Dedup{Key: func(m *message.Message) string { return string(m.Payload) }}.Middleware
	}))
	calls := pipeline.Ingest[string](p, "calls", live, "calls.*")
	pipeline.Sink(calls, "answer", func(context.Context, string) error { return nil })
	return orders
}

func charge(ctx context.Context, order string) error {
	switch {
	case order == "poison":
		return pipeline.Permanent(errors.New("no card"))
	case order == "flaky" && pipeline.Attempt(ctx) < 4:
		return errors.New("no answer")
	default:
		return nil
	}
}

// collect returns what is exported now.
func collect(t *testing.T, registry *prometheus.Registry) exported {
	t.Helper()
	families, err := registry.Gather()
	must(t, err)
	all := exported{"": {}}
	for _, family := range families {
		names := []string{family.GetName()}
		labels := make(map[string]bool)
		for _, series := range family.GetMetric() {
			if series.GetHistogram() != nil {
				names = []string{family.GetName() + "_bucket", family.GetName() + "_sum", family.GetName() + "_count"}
				labels["le"] = true
			}
			for _, label := range series.GetLabel() {
				labels[label.GetName()], all[""][label.GetName()] = true, true
			}
		}
		for _, name := range names {
			all[name] = labels
		}
	}
	return all
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
