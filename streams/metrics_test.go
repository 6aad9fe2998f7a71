package streams_test

import (
	"context"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/internal/metrictest"
	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/internal/telemetry"
	"github.com/millstream-go/millstream/streams"
)

func onTopic(topic string) attribute.KeyValue {
	return attribute.String("messaging.destination.name", topic)
}

func inGroup(group string) attribute.KeyValue {
	return attribute.String("messaging.consumer.group.name", group)
}

// metricsOf are the counters and what they count. A count of Stats that has none here
// has no metric.
var metricsOf = map[string]string{
	"Delivered": "millstream.messages.delivered", "Committed": "millstream.messages.committed",
	"Duplicates": "millstream.messages.duplicates", "Nacked": "millstream.messages.nacked",
	"Parked": "millstream.messages.parked", "Resumed": "millstream.messages.resumed",
	"Reclaimed": "millstream.messages.reclaimed", "HandedBack": "millstream.messages.handed_back",
	"Fenced": "millstream.messages.fenced", "Orphaned": "millstream.messages.orphaned",
	"Unconfirmed": "millstream.messages.unconfirmed", "Refused": "millstream.messages.refused",
	"Blocked": "millstream.messages.blocked", "Malformed": "millstream.messages.malformed",
	"Unfinished": "millstream.messages.unfinished", "Vanished": "millstream.messages.vanished",
	"Recovered": "millstream.messages.recovered", "Trimmed": "millstream.messages.trimmed",
	"Regrouped": "millstream.group.regrouped", "Troubles": "millstream.redis.troubles",
	"Swept": "millstream.consumers.swept",
}

// requireTold checks that the counters say what Stats does.
func requireTold(t *testing.T, points metrictest.Points, stats streams.Stats) {
	t.Helper()
	for field, value := range reflect.ValueOf(stats).Fields() {
		if field.Type.Kind() != reflect.Uint64 || field.Name == "InFlight" {
			continue
		}
		name := metricsOf[field.Name]
		require.NotEmpty(t, name, "%s has no metric", field.Name)
		require.EqualValues(t, value.Uint(), points.Value(t, name, onTopic(stats.Topic), inGroup(stats.Group)), name)
	}
}

func TestMetricsSayWhatStatsSay(t *testing.T) {
	t.Parallel()
	reader, c, topic := metrictest.New(t), client(t), newTopic(t)
	publish(t, c, topic, "taken over")
	die(t, c, topic, 1)
	require.NoError(t, c.XAdd(t.Context(), &redis.XAddArgs{Stream: topic, Values: []string{"foreign", "fields"}}).Err())
	publish(t, c, topic, "plain", "twice", "twice", "rejected", "fenced", "open")
	messages, s := subscribe(t, c, topic, streams.SubscriberConfig{
		IdleTime: 300 * time.Millisecond, NackDelay: time.Hour, MaxNackDelay: time.Hour, MeterProvider: reader, Logger: discard,
		Concurrency: 10, DrainTimeout: 10 * time.Millisecond,
	})
	for range 7 {
		msg := receive(t, messages)
		switch msg.UUID {
		case "rejected":
			msg.Nack()
		case "fenced":
			require.EqualValues(t, 1, c.XAck(t.Context(), topic, "g", handoff.FromContext(msg.Context()).ID).Val())
			msg.Ack()
		case "twice":
			require.NoError(t, handoff.FromContext(msg.Context()).Mark(handoff.Mark{Key: "same"}))
			msg.Ack()
		case "open":
		default:
			msg.Ack()
		}
	}
	want := streams.Stats{
		Topic: topic, Group: "g", Delivered: 7, Committed: 4, Duplicates: 1, Nacked: 1, Parked: 1,
		Fenced: 1, Malformed: 1, Reclaimed: 1, InFlight: 1,
	}
	eventually(t, func() bool { return s.Stats()[0] == want }, "not so")
	points := reader.Collect(t)
	requireTold(t, points, want)
	require.EqualValues(t, 1, points.Value(t, "millstream.messages.in_flight", onTopic(topic), inGroup("g")))
	require.EqualValues(t, 1, points.Value(t, "millstream.group.pending", onTopic(topic), inGroup("g")))
	require.EqualValues(t, 1, points.Value(t, "millstream.group.parked", onTopic(topic), inGroup("g")))
	require.Zero(t, points.Value(t, "millstream.group.lag", onTopic(topic), inGroup("g")))
	require.EqualValues(t, 7, points.Value(t, "millstream.commit.messages", onTopic(topic), inGroup("g")))
	require.Positive(t, points.Value(t, "millstream.commit.duration", onTopic(topic), inGroup("g")))

	require.NoError(t, s.Close())
	want.InFlight, want.HandedBack = 0, 1
	points = reader.Collect(t)
	requireTold(t, points, want) // what came at the end is not lost
	for _, m := range telemetry.Metrics {
		if m.Kind == telemetry.Gauge || m.Kind == telemetry.Sum {
			require.Empty(t, points.Named(m.Name), "nobody subscribes any more")
		}
	}
}

// What is in the list is what there is, with nothing else in the attributes.
func TestMetricsAreThoseOfTheList(t *testing.T) {
	t.Parallel()
	reader, c, topic := metrictest.New(t), client(t), newTopic(t)
	publish(t, c, topic, "1")
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{MeterProvider: reader})
	receive(t, messages).Ack()
	// Redis has settled it before this process knows.
	eventually(t, func() bool { return len(reader.Collect(t).Named("millstream.commit.messages")) > 0 }, "no commit is told")
	points := reader.Collect(t)
	found := map[string]bool{}
	for _, m := range telemetry.Metrics {
		for _, p := range points.Named(m.Name) {
			found[m.Name] = true
			p.Buckets, m.Buckets = nil, nil
			require.Equal(t, m, p.Metric)
			require.Equal(t, attribute.NewSet(telemetry.System, onTopic(topic), inGroup("g")), p.Attributes)
		}
	}
	for _, p := range points {
		require.True(t, found[p.Name], "%s is not in the list", p.Name)
	}
	for _, name := range metricsOf {
		require.True(t, found[name], "%s is not there", name)
	}
	require.Len(t, found, len(metricsOf)+8)
}

// Those of the same topic and group are counted once, and so are runs one after the
// other; two transports add up, also when one of them has ended.
func TestMetricsOfSeveralSubscribersAndRunsAddUp(t *testing.T) {
	t.Parallel()
	reader, c, topic := metrictest.New(t), client(t), newTopic(t)
	committed := func(want int) {
		t.Helper()
		require.EqualValues(t, want, reader.Collect(t).Value(t, "millstream.messages.committed", onTopic(topic), inGroup("g")))
	}
	begin := func(transport *streams.Transport) (end func()) {
		t.Helper()
		s, err := transport.Subscriber(handoff.Subscription{Topic: topic, Group: "g", Concurrency: 1})
		require.NoError(t, err)
		messages, err := s.Subscribe(t.Context(), topic)
		require.NoError(t, err)
		publish(t, c, topic, "m")
		go func() {
			for msg := range messages {
				msg.Ack()
			}
		}()
		settled(t, c, topic)
		return func() { require.NoError(t, s.Close()) }
	}
	var transports []*streams.Transport
	for range 2 {
		transport, err := streams.NewTransport(c, streams.Config{MeterProvider: reader, Logger: discard})
		require.NoError(t, err)
		transports = append(transports, transport)
	}
	sum := func(n uint64) {
		t.Helper()
		eventually(t, func() bool {
			var got uint64
			for _, transport := range transports {
				for _, s := range transport.Stats() {
					got += s.Committed
				}
			}
			return got == n
		}, "not committed")
		committed(int(n))
	}
	first := begin(transports[0])
	sum(1)
	second := begin(transports[0])
	sum(2)
	other := begin(transports[1])
	sum(3)
	require.Zero(t, reader.Collect(t).Value(t, "millstream.group.lag", onTopic(topic)))
	first()
	second()
	sum(3)
	require.Len(t, reader.Collect(t).Named("millstream.group.lag"), 1)
	third := begin(transports[0])
	sum(4)
	third()
	other()
	sum(4)
	require.Empty(t, reader.Collect(t).Named("millstream.group.lag"))
}

func TestTheBacklogIsAskedForAcrossARestartAndOnlyWhileTheGroupIsThere(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t, redistest.AOF())
	reader, c, topic := metrictest.New(t), own.Client(t), newTopic(t)
	publish(t, c, topic, "1")
	messages, s := subscribe(t, c, topic, streams.SubscriberConfig{MeterProvider: reader, IdleTime: time.Hour})
	msg := receive(t, messages)
	lag := func() float64 {
		found := reader.Collect(t).Named("millstream.group.lag", onTopic(topic), inGroup("g"))
		if len(found) == 0 {
			return -1
		}
		return found[0].Value
	}
	// It reads some ahead, and no more while its lane is busy.
	for range 800 {
		publish(t, c, topic, "m")
	}
	var before float64
	eventually(t, func() bool {
		last := before
		before = lag()
		return before > 500 && before < 1000 && before == last
	}, "no lag that stays")
	own.Kill(t)
	require.EqualValues(t, -1, lag(), "a Redis that is away says nothing")
	own.Restart(t)
	eventually(t, func() bool { return lag() == before }, "another lag after a restart")
	pending := reader.Collect(t).Value(t, "millstream.group.pending", onTopic(topic))
	require.EqualValues(t, 801, before+pending)
	require.Positive(t, reader.Collect(t).Value(t, "millstream.group.oldest_pending_age"))
	require.Positive(t, reader.Collect(t).Value(t, "millstream.group.oldest_waiting_age"))
	msg.Ack()

	require.NoError(t, s.Close())
	require.EqualValues(t, -1, lag())
}

// A group that is gone, and not made again yet, has no backlog of zero.
func TestAGroupThatIsGoneHasNoBacklog(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t)
	reader, admin, topic := metrictest.New(t), own.Client(t), newTopic(t)
	c := as(t, own, "worker", append(documented(t, "worker"), "~*"))
	subscribe(t, c, topic, streams.SubscriberConfig{MeterProvider: reader, Trim: &streams.Trim{}})
	require.Len(t, reader.Collect(t).Named("millstream.group.lag"), 1)
	// From now on it cannot be made again.
	require.NoError(t, admin.Do(t.Context(), "ACL", "SETUSER", "worker", "-xgroup|create").Err())
	require.NoError(t, admin.XGroupDestroy(t.Context(), topic, "g").Err())
	points := reader.Collect(t)
	require.Empty(t, points.Named("millstream.group.lag"))
	require.Len(t, points.Named("millstream.messages.delivered"), 1)
}

func TestARedisThatDoesNotAnswerHoldsUpNoCollection(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t)
	reader, topic := metrictest.New(t), newTopic(t)
	c := redis.NewClient(&redis.Options{Addr: own.Addr(), ReadTimeout: 2 * time.Second})
	t.Cleanup(func() { _ = c.Close() })
	_, s := subscribe(t, c, topic, streams.SubscriberConfig{MeterProvider: reader})
	require.Len(t, reader.Collect(t).Named("millstream.group.lag"), 1)
	own.Pause(t)
	collected := make(chan metrictest.Points)
	start := time.Now()
	const collectors = 3
	for range collectors {
		go func() {
			points, _ := reader.TryCollect(context.Background())
			collected <- points
		}()
	}
	for range collectors {
		points := <-collected
		require.Empty(t, points.Named("millstream.group.lag"))
		require.Len(t, points.Named("millstream.messages.delivered"), 1, "what this process counts is there all the same")
	}
	// They take turns, and who comes later does not wait for what hangs.
	require.Less(t, time.Since(start), 20*time.Second)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err := reader.TryCollect(ctx)
	require.NoError(t, err)
	own.Resume(t)
	eventually(t, func() bool { return len(reader.Collect(t).Named("millstream.group.lag")) == 1 }, "it answers again")
	require.NoError(t, s.Close())
}

func TestWithoutThePermissionToAskMetricsAreMissingAndItIsSaidOnce(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t)
	admin, reader := own.Client(t), metrictest.New(t)
	var rules []string
	for _, rule := range documented(t, "worker") {
		if rule != "+xlen" { // which a subscriber that trims nothing does without
			rules = append(rules, rule)
		}
	}
	c := as(t, own, "worker", rules)
	var said logs
	messages, s := subscribe(t, c, "{orders}:in", streams.SubscriberConfig{MeterProvider: reader, Logger: said.logger()})
	publish(t, admin, "{orders}:in", "1")
	receive(t, messages).Ack()
	settled(t, admin, "{orders}:in")
	for range 3 {
		points := reader.Collect(t)
		require.Empty(t, points.Named("millstream.group.lag"))
		require.EqualValues(t, 1, points.Value(t, "millstream.messages.delivered"))
	}
	require.Equal(t, 1, said.count("level=WARN"))
	require.Equal(t, 1, said.count("ACL SETUSER worker +xlen"))
	require.NoError(t, admin.Do(t.Context(), "ACL", "SETUSER", "worker", "+xlen").Err())
	require.Zero(t, reader.Collect(t).Value(t, "millstream.group.lag"), "it is asked again")
	require.NoError(t, s.Close())
}

// handedOver guards what can be seen once in a process: OpenTelemetry hands over to an
// SDK what was made before there was one.
var handedOver sync.Once

// It changes the whole process, so that it cannot run beside others.
func TestTheGlobalProviderIsTheDefault(t *testing.T) {
	reader, c := metrictest.New(t), client(t)
	global := otel.GetMeterProvider()
	t.Cleanup(func() { otel.SetMeterProvider(global) })
	handedOver.Do(func() {
		topic := newTopic(t)
		messages, s := subscribe(t, c, topic, streams.SubscriberConfig{})
		otel.SetMeterProvider(reader)
		publish(t, c, topic, "1")
		receive(t, messages).Ack()
		settled(t, c, topic)
		require.NoError(t, s.Close())
		require.EqualValues(t, 1, reader.Collect(t).Value(t, "millstream.messages.delivered", onTopic(topic)))
	})
	otel.SetMeterProvider(reader)
	topic := newTopic(t)
	transport, err := streams.NewTransport(c, streams.Config{Logger: discard})
	require.NoError(t, err)
	s, err := transport.Subscriber(handoff.Subscription{Topic: topic, Group: "other", Concurrency: 1})
	require.NoError(t, err)
	_, err = s.Subscribe(t.Context(), topic)
	require.NoError(t, err)
	require.Len(t, reader.Collect(t).Named("millstream.group.lag", onTopic(topic), inGroup("other")), 1)
	require.NoError(t, s.Close())
}
