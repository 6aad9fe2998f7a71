package streams

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/millstream-go/millstream/internal/telemetry"
)

// counted are the counts of [Stats] that are metrics, too.
var counted = []struct {
	name string
	of   func(*Stats) uint64
}{
	{"millstream.messages.delivered", func(s *Stats) uint64 { return s.Delivered }},
	{"millstream.messages.committed", func(s *Stats) uint64 { return s.Committed }},
	{"millstream.messages.duplicates", func(s *Stats) uint64 { return s.Duplicates }},
	{"millstream.messages.nacked", func(s *Stats) uint64 { return s.Nacked }},
	{"millstream.messages.parked", func(s *Stats) uint64 { return s.Parked }},
	{"millstream.messages.resumed", func(s *Stats) uint64 { return s.Resumed }},
	{"millstream.messages.reclaimed", func(s *Stats) uint64 { return s.Reclaimed }},
	{"millstream.messages.handed_back", func(s *Stats) uint64 { return s.HandedBack }},
	{"millstream.messages.fenced", func(s *Stats) uint64 { return s.Fenced }},
	{"millstream.messages.orphaned", func(s *Stats) uint64 { return s.Orphaned }},
	{"millstream.messages.unconfirmed", func(s *Stats) uint64 { return s.Unconfirmed }},
	{"millstream.messages.refused", func(s *Stats) uint64 { return s.Refused }},
	{"millstream.messages.blocked", func(s *Stats) uint64 { return s.Blocked }},
	{"millstream.messages.malformed", func(s *Stats) uint64 { return s.Malformed }},
	{"millstream.messages.unfinished", func(s *Stats) uint64 { return s.Unfinished }},
	{"millstream.messages.vanished", func(s *Stats) uint64 { return s.Vanished }},
	{"millstream.messages.recovered", func(s *Stats) uint64 { return s.Recovered }},
	{"millstream.messages.trimmed", func(s *Stats) uint64 { return s.Trimmed }},
	{"millstream.group.regrouped", func(s *Stats) uint64 { return s.Regrouped }},
	{"millstream.redis.troubles", func(s *Stats) uint64 { return s.Troubles }},
	{"millstream.consumers.swept", func(s *Stats) uint64 { return s.Swept }},
}

// instruments are those of a ledger.
type instruments struct {
	meter    metric.Meter
	counters []metric.Int64Counter // as counted
	inFlight metric.Int64ObservableUpDownCounter

	lag, pending, parked         metric.Int64ObservableGauge
	oldestWaiting, oldestPending metric.Float64ObservableGauge

	commitDuration metric.Float64Histogram
	commitMessages metric.Int64Histogram
}

func makeInstruments(meter metric.Meter) (*instruments, error) {
	m := telemetry.Maker{Meter: meter}
	i := &instruments{
		meter:          meter,
		inFlight:       m.Sum("millstream.messages.in_flight"),
		lag:            m.Gauge("millstream.group.lag"),
		pending:        m.Gauge("millstream.group.pending"),
		parked:         m.Gauge("millstream.group.parked"),
		oldestWaiting:  m.SecondsGauge("millstream.group.oldest_waiting_age"),
		oldestPending:  m.SecondsGauge("millstream.group.oldest_pending_age"),
		commitDuration: m.SecondsHistogram("millstream.commit.duration"),
		commitMessages: m.Histogram("millstream.commit.messages"),
	}
	for _, c := range counted {
		i.counters = append(i.counters, m.Counter(c.name))
	}
	return i, m.Err
}

// mostApart is how many topics and groups a ledger tells apart in metrics; it bounds
// the metrics of a program that makes up names. An SDK has a bound of its own, of
// 2,000 unless set.
const mostApart = 1000

// attributesOf are those of the metrics of a topic and group that are told apart, or of
// all that are not.
func attributesOf(r reading, apart bool) metric.MeasurementOption {
	if !apart {
		r = reading{telemetry.Other, telemetry.Other}
	}
	return metric.WithAttributeSet(attribute.NewSet(telemetry.System,
		semconv.MessagingDestinationName(r.topic), semconv.MessagingConsumerGroupName(r.group)))
}

// tell adds what was counted since it was told last.
func (l *ledger) tell(ctx context.Context, to []metric.Int64Counter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for r, c := range l.of {
		s := c.stats(r.topic, r.group)
		c.told.Tell(len(counted),
			func(i int) uint64 { return counted[i].of(&s) },
			func(i int, more int64) { to[i].Add(ctx, more, c.attributes) })
	}
}

// observeInFlight tells what handlers are at work on.
func (l *ledger) observeInFlight(o metric.Observer, instrument metric.Int64Observable) {
	l.mu.Lock()
	defer l.mu.Unlock()
	others := int64(0)
	for _, c := range l.of {
		if c.apart {
			o.ObserveInt64(instrument, c.inFlight.Load(), c.attributes)
		} else {
			others += c.inFlight.Load()
		}
	}
	if len(l.of) > mostApart {
		o.ObserveInt64(instrument, others, attributesOf(reading{}, false))
	}
}
