package streams

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/metric"

	"github.com/millstream-go/millstream/internal/telemetry"
)

// Stats are counts of what happened to the messages of one topic in one group, as
// far as this process had to do with it: since the [Subscriber] or the
// [Transport] that returns them was made. Entries, not handler runs, unless said
// otherwise.
type Stats struct {
	Topic, Group string

	// Delivered are the runs that were begun: messages handed to a handler.
	Delivered uint64
	// Committed were acknowledged together with their outputs, those that went to
	// the poison topic among them; Duplicates without them, since deduplication had
	// seen them.
	Committed, Duplicates uint64
	// Nacked are the runs that ended with a Nack. Parked were put aside until a
	// time, for that reason or another: a delay, or an output that was refused.
	Nacked, Parked uint64
	// Resumed came back from being put aside.
	Resumed uint64
	// Reclaimed were taken over from consumers that fell silent, HandedBack given
	// to others on leaving.
	Reclaimed, HandedBack uint64
	// Fenced are the runs whose outputs were dropped, since another consumer had
	// settled or taken over the message. Unconfirmed were settled before when
	// their commit, whose reply was lost, was repeated: by that commit most likely,
	// or by another consumer.
	Fenced, Unconfirmed uint64
	// Orphaned are the runs whose outputs were dropped, since the group was gone
	// with all that it had to do.
	Orphaned uint64
	// Refused could not be committed, since Redis refused an output, and were put
	// aside.
	Refused uint64
	// Blocked waited for room in a topic of their outputs.
	Blocked uint64
	// Malformed went to the poison topic because they could not be decoded,
	// Unfinished because time and again a process died or froze at work on them.
	Malformed, Unfinished uint64
	// Vanished were deleted from the stream while they were pending.
	Vanished uint64
	// Recovered were delivered by a reply that got lost, and found again.
	Recovered uint64
	// Trimmed were deleted from the stream because all groups were done with them.
	Trimmed uint64

	// Regrouped is how often the group was gone and was made again, Troubles how
	// often a request to Redis failed, and Swept how many dead consumers were removed.
	Regrouped, Troubles, Swept uint64

	// InFlight are with a handler now.
	InFlight uint64
}

// counters are the live form of [Stats].
type counters struct {
	delivered, committed, duplicates, nacked, parked, resumed, reclaimed, handedBack,
	fenced, orphaned, unconfirmed, refused, blocked, malformed, unfinished, vanished, recovered, trimmed,
	regrouped, troubles, swept atomic.Uint64

	inFlight atomic.Int64

	// attributes are those of metrics; apart is false when others have the same.
	attributes metric.MeasurementOption
	apart      bool
	// told is what metrics were told of.
	told telemetry.Told
}

func (c *counters) stats(topic, group string) Stats {
	return Stats{
		Topic: topic, Group: group,
		Delivered: c.delivered.Load(), Committed: c.committed.Load(), Duplicates: c.duplicates.Load(),
		Nacked: c.nacked.Load(), Parked: c.parked.Load(), Resumed: c.resumed.Load(),
		Reclaimed: c.reclaimed.Load(), HandedBack: c.handedBack.Load(),
		Fenced: c.fenced.Load(), Orphaned: c.orphaned.Load(), Unconfirmed: c.unconfirmed.Load(), Refused: c.refused.Load(), Blocked: c.blocked.Load(),
		Malformed: c.malformed.Load(), Unfinished: c.unfinished.Load(),
		Vanished: c.vanished.Load(), Recovered: c.recovered.Load(), Trimmed: c.trimmed.Load(),
		Regrouped: c.regrouped.Load(), Troubles: c.troubles.Load(), Swept: c.swept.Load(),
		InFlight: uint64(c.inFlight.Load()),
	}
}

// ledger keeps the counters of many topics and groups, also of those whose
// subscriptions have ended.
type ledger struct {
	mu sync.Mutex
	of map[reading]*counters

	collector *collector
}

type reading struct{ topic, group string }

// newLedger returns a ledger whose counts are metrics of the provider; nil stands for
// the global one.
func newLedger(provider metric.MeterProvider) *ledger {
	l := &ledger{of: map[reading]*counters{}}
	l.collector = &collector{ledger: l, provider: provider}
	return l
}

func (l *ledger) counters(topic, group string) *counters {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := reading{topic, group}
	c, ok := l.of[r]
	if !ok {
		c = &counters{apart: len(l.of) < mostApart}
		c.attributes = attributesOf(r, c.apart)
		l.of[r] = c
	}
	return c
}

// stats returns what was counted, in the order of topics and groups.
func (l *ledger) stats() []Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]Stats, 0, len(l.of))
	for r, c := range l.of {
		all = append(all, c.stats(r.topic, r.group))
	}
	slices.SortFunc(all, func(a, b Stats) int {
		return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Group, b.Group))
	})
	return all
}

// Stats returns the counts of each topic that this subscriber has subscribed to,
// in the order of topics.
func (s *Subscriber) Stats() []Stats { return s.ledger.stats() }

// Stats returns the counts of each topic and group that subscribers of this
// transport have subscribed to, in the order of topics and groups. The transport
// counts on from one run to the next.
func (t *Transport) Stats() []Stats {
	if !t.isMade() {
		return nil
	}
	return t.ledger.stats()
}
