package pubsub

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/millstream-go/millstream/internal/telemetry"
)

// causeKey is the attribute that tells why messages were lost.
const causeKey = attribute.Key("millstream.lost.cause")

// series are the counts of [Stats] that are metrics, too, those that were lost by
// cause.
var series = []struct {
	name, cause string
	of          func(*Stats) uint64
}{
	{"millstream.pubsub.received", "", func(s *Stats) uint64 { return s.Received }},
	{"millstream.pubsub.acked", "", func(s *Stats) uint64 { return s.Acked }},
	{"millstream.pubsub.poisoned", "", func(s *Stats) uint64 { return s.Poisoned }},
	{"millstream.pubsub.redelivered", "", func(s *Stats) uint64 { return s.Redelivered }},
	{"millstream.pubsub.lost", "overflow", func(s *Stats) uint64 { return s.Lost.Overflow }},
	{"millstream.pubsub.lost", "rejected", func(s *Stats) uint64 { return s.Lost.Rejected }},
	{"millstream.pubsub.lost", "malformed", func(s *Stats) uint64 { return s.Lost.Malformed }},
	{"millstream.pubsub.lost", "closed", func(s *Stats) uint64 { return s.Lost.Closed }},
	{"millstream.pubsub.gaps", "", func(s *Stats) uint64 { return s.Gaps }},
}

// instruments are those of a ledger.
type instruments struct {
	meter      metric.Meter
	counters   []metric.Int64Counter // as series
	gapTime    metric.Float64Counter
	held, down metric.Int64ObservableUpDownCounter
}

func makeInstruments(meter metric.Meter) (*instruments, error) {
	m := telemetry.Maker{Meter: meter}
	i := &instruments{
		meter:   meter,
		gapTime: m.SecondsCounter("millstream.pubsub.gap.duration"),
		held:    m.Sum("millstream.pubsub.held"),
		down:    m.Sum("millstream.pubsub.down"),
	}
	for _, c := range series {
		i.counters = append(i.counters, m.Counter(c.name))
	}
	return i, m.Err
}

// mostApart is how many topics a ledger tells apart in metrics, where each name is
// kept as long as the process lives. Those that come first are.
const mostApart = 200

// labels are the attributes of a topic's metrics.
type labels struct {
	all  metric.MeasurementOption
	each []metric.MeasurementOption // as series
}

// newLabels returns those of a channel or a pattern.
func newLabels(topic string, pattern bool) *labels {
	name := semconv.MessagingDestinationName(topic)
	if pattern {
		name = semconv.MessagingDestinationTemplate(topic)
	}
	l := &labels{all: metric.WithAttributeSet(attribute.NewSet(telemetry.System, name))}
	for _, c := range series {
		with := l.all
		if c.cause != "" {
			with = metric.WithAttributeSet(attribute.NewSet(telemetry.System, name, causeKey.String(c.cause)))
		}
		l.each = append(l.each, with)
	}
	return l
}

// told is what metrics were told of a topic.
type told struct {
	counts  telemetry.Told // as series
	gapTime time.Duration
}

// tell adds what was counted since the last time to the counters.
func (t *told) tell(ctx context.Context, i *instruments, s *Stats, l *labels) {
	begins := t.counts == nil
	t.counts.Tell(len(series),
		func(k int) uint64 { return series[k].of(s) },
		func(k int, more int64) { i.counters[k].Add(ctx, more, l.each[k]) })
	if begins || s.GapTime > t.gapTime {
		i.gapTime.Add(ctx, (s.GapTime - t.gapTime).Seconds(), l.all)
		t.gapTime = s.GapTime
	}
}
