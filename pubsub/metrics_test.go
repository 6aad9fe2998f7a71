package pubsub_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/internal/metrictest"
	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/internal/telemetry"
	"github.com/millstream-go/millstream/pubsub"
)

func onChannel(name string) attribute.KeyValue {
	return attribute.String("messaging.destination.name", name)
}

func onPattern(pattern string) attribute.KeyValue {
	return attribute.String("messaging.destination.template", pattern)
}

// requireTold checks that the counters say what Stats does.
func requireTold(t *testing.T, points metrictest.Points, s pubsub.Stats, topic attribute.KeyValue) {
	t.Helper()
	for name, want := range map[string]uint64{
		"millstream.pubsub.received": s.Received, "millstream.pubsub.acked": s.Acked, "millstream.pubsub.poisoned": s.Poisoned,
		"millstream.pubsub.redelivered": s.Redelivered, "millstream.pubsub.gaps": s.Gaps,
	} {
		require.EqualValues(t, want, points.Value(t, name, topic), name)
	}
	for cause, want := range map[string]uint64{
		"overflow": s.Lost.Overflow, "rejected": s.Lost.Rejected, "malformed": s.Lost.Malformed, "closed": s.Lost.Closed,
	} {
		require.EqualValues(t, want, points.Value(t, "millstream.pubsub.lost", topic, attribute.String("millstream.lost.cause", cause)), cause)
	}
}

func TestMetricsSayWhatStatsSay(t *testing.T) {
	t.Parallel()
	reader, c, topic := metrictest.New(t), client(t), newTopic()
	messages, s := subscribe(t, c, topic, pubsub.SubscriberConfig{
		Buffer: 2, Overflow: pubsub.DropNewest, MaxRedeliveries: 1, NackDelay: time.Millisecond, MeterProvider: reader,
		DrainTimeout: 10 * time.Millisecond,
	})
	publish(t, c, topic, "acked", "rejected")
	receive(t, messages).Ack()
	receive(t, messages).Nack()
	receive(t, messages).Nack()
	eventually(t, func() bool { return statsOf(t, s).Lost.Rejected == 1 }, "not lost")
	publish(t, c, topic, "held")
	receive(t, messages)
	publish(t, c, topic, "waits", "waits", "lost", "lost")
	eventually(t, func() bool { return statsOf(t, s).Lost.Overflow == 2 }, "nothing dropped")
	points := reader.Collect(t)
	requireTold(t, points, pubsub.Stats{Received: 7, Acked: 1, Redelivered: 1, Lost: pubsub.Lost{Rejected: 1, Overflow: 2}}, onChannel(topic))
	require.EqualValues(t, 3, points.Value(t, "millstream.pubsub.held", onChannel(topic)))
	require.Zero(t, points.Value(t, "millstream.pubsub.down", onChannel(topic)))

	require.NoError(t, s.Close())
	points = reader.Collect(t)
	requireTold(t, points, statsOf(t, s), onChannel(topic))
	require.EqualValues(t, 3, statsOf(t, s).Lost.Closed)
	require.Empty(t, points.Named("millstream.pubsub.held"), "nobody subscribes any more")
	require.Empty(t, points.Named("millstream.pubsub.down"), "nobody subscribes any more")
}

func TestMetricsTellOfAGapWhileItLasts(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t)
	reader, topic := metrictest.New(t), newTopic()
	_, s := subscribe(t, own.Client(t), topic, pubsub.SubscriberConfig{MeterProvider: reader})
	own.Kill(t)
	down := func() float64 { return reader.Collect(t).Value(t, "millstream.pubsub.down", onChannel(topic)) }
	lasted := func() float64 { return reader.Collect(t).Value(t, "millstream.pubsub.gap.duration", onChannel(topic)) }
	eventually(t, func() bool { return down() == 1 }, "not down")
	sofar := lasted()
	eventually(t, func() bool { return lasted() > sofar }, "the gap does not last")
	own.Restart(t)
	eventually(t, func() bool { return down() == 0 }, "still down")
	requireTold(t, reader.Collect(t), statsOf(t, s), onChannel(topic))
	require.InDelta(t, statsOf(t, s).GapTime.Seconds(), lasted(), 1e-6)
}

// What is in the list is what there is, with nothing else in the attributes; a pattern
// is a template, since it stands for many channels.
func TestMetricsAreThoseOfTheList(t *testing.T) {
	t.Parallel()
	reader, c, topic := metrictest.New(t), client(t), newTopic()
	messages, _ := subscribe(t, c, topic+".*", pubsub.SubscriberConfig{MeterProvider: reader, Patterns: true})
	publish(t, c, topic+".user-4711", "1")
	receive(t, messages).Ack()
	points := reader.Collect(t)
	found := map[string]bool{}
	for _, m := range telemetry.Metrics {
		for _, p := range points.Named(m.Name) {
			found[m.Name] = true
			require.Equal(t, m, p.Metric)
			attributes := p.Attributes.ToSlice()
			if m.Name == "millstream.pubsub.lost" {
				require.True(t, p.Attributes.HasValue("millstream.lost.cause"))
				attributes = attributes[:2]
			}
			require.Equal(t, []attribute.KeyValue{onPattern(topic + ".*"), telemetry.System}, attributes)
		}
	}
	require.Len(t, found, 9)
	for _, p := range points {
		require.True(t, found[p.Name], "%s is not in the list", p.Name)
	}
}

func TestMetricsOfSeveralSubscribersAndRunsAddUp(t *testing.T) {
	t.Parallel()
	reader, c, topic := metrictest.New(t), client(t), newTopic()
	config := pubsub.SubscriberConfig{MeterProvider: reader}
	transport, err := pubsub.NewTransport(c, pubsub.Config{Subscriber: config})
	require.NoError(t, err)
	acked := func() float64 { return reader.Collect(t).Value(t, "millstream.pubsub.acked", onChannel(topic)) }
	var want float64
	for range 2 {
		var stops []func() error
		_, alone := subscribe(t, c, topic, config)
		stops = append(stops, alone.Close)
		for range 2 {
			s, err := transport.Subscriber(handoff.Subscription{Topic: topic, Group: "g"})
			require.NoError(t, err)
			messages, err := s.Subscribe(t.Context(), topic)
			require.NoError(t, err)
			go func() {
				for msg := range messages {
					msg.Ack()
				}
			}()
			stops = append(stops, s.Close)
		}
		publish(t, c, topic, "m")
		want += 2
		eventually(t, func() bool { return acked() == want }, "not counted")
		for _, stop := range stops {
			require.NoError(t, stop())
			require.InDelta(t, want, acked(), 0, "a count goes down")
		}
	}
}

// It changes the whole process, so that it cannot run beside others.
func TestTheGlobalProviderIsTheDefault(t *testing.T) {
	reader, c, topic := metrictest.New(t), client(t), newTopic()
	global := otel.GetMeterProvider()
	otel.SetMeterProvider(reader)
	t.Cleanup(func() { otel.SetMeterProvider(global) })
	messages, _ := subscribe(t, c, topic, pubsub.SubscriberConfig{})
	publish(t, c, topic, "1")
	receive(t, messages).Ack()
	eventually(t, func() bool {
		return reader.Collect(t).Value(t, "millstream.pubsub.acked", onChannel(topic)) == 1
	}, "not counted")
}
