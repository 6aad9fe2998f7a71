package streams

import (
	"context"
	"sync"

	"go.opentelemetry.io/otel/metric"

	"github.com/millstream-go/millstream/internal/telemetry"
)

// collector makes the counts of a ledger known as metrics, from the beginning of its
// first subscription to the end of its last.
type collector struct {
	ledger      *ledger
	provider    metric.MeterProvider
	make        sync.Once
	instruments *instruments
	collection  telemetry.Collection
	survey      survey
}

// begin is called before a subscription begins, and end after it. It may wait for a
// collection under way, which is bounded.
func (c *collector) begin(s *subscription) {
	c.make.Do(func() {
		var err error
		if c.instruments, err = telemetry.Instruments(c.provider, makeInstruments); err != nil {
			s.log.Warn("there are no metrics", "error", err)
		}
	})
	s.commits = c.instruments.ofCommits(s.count.attributes)
	c.survey.add(s)
	err := c.collection.Begin(func() (metric.Registration, error) {
		c.survey.begin()
		i := c.instruments
		return i.meter.RegisterCallback(c.collect, i.inFlight, i.lag, i.pending, i.parked, i.oldestWaiting, i.oldestPending)
	})
	if err != nil {
		s.log.Warn("metrics are counted only when a subscription ends", "error", err)
	}
}

// end is called when nothing of a subscription goes on any more.
func (c *collector) end(ctx context.Context, s *subscription) {
	c.ledger.tell(ctx, c.instruments.counters)
	c.survey.remove(s)
	if err := c.collection.End(c.survey.end); err != nil {
		s.log.Warn("metrics go on being collected after the end", "error", err)
	}
}

// collect is the callback. It never fails: what is missing is seen to be missing.
func (c *collector) collect(ctx context.Context, o metric.Observer) error {
	i := c.instruments
	c.ledger.tell(ctx, i.counters)
	c.ledger.observeInFlight(o, i.inFlight)
	for _, f := range c.survey.ask(ctx) {
		o.ObserveInt64(i.lag, f.Undelivered, f.attributes)
		o.ObserveInt64(i.pending, f.Pending, f.attributes)
		o.ObserveInt64(i.parked, f.Parked, f.attributes)
		o.ObserveFloat64(i.oldestWaiting, f.Waiting.Seconds(), f.attributes)
		o.ObserveFloat64(i.oldestPending, f.OldestPending.Seconds(), f.attributes)
	}
	return nil
}
