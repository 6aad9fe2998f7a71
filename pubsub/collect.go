package pubsub

import (
	"context"
	"log/slog"
	"sync"

	"go.opentelemetry.io/otel/metric"

	"github.com/millstream-go/millstream/internal/telemetry"
)

// collector makes the counts of a ledger known as metrics, while anything is live.
type collector struct {
	ledger   *ledger
	provider metric.MeterProvider
	patterns bool
	log      *slog.Logger

	make        sync.Once
	instruments *instruments
	collection  telemetry.Collection

	// labels are those of the topics that are told apart, under the ledger's lock.
	labels map[string]*labels
	others *labels
}

func newCollector(l *ledger, config *SubscriberConfig) *collector {
	c := &collector{
		ledger: l, provider: config.MeterProvider, patterns: config.Patterns, log: config.Logger,
		labels: map[string]*labels{}, others: newLabels(telemetry.Other, config.Patterns),
	}
	if c.log == nil {
		c.log = slog.Default()
	}
	return c
}

// begin is called before anything is live. It may wait for a collection under way.
func (c *collector) begin() {
	c.make.Do(func() {
		var err error
		if c.instruments, err = telemetry.Instruments(c.provider, makeInstruments); err != nil {
			c.log.Warn("there are no metrics", "error", err)
		}
	})
	err := c.collection.Begin(func() (metric.Registration, error) {
		return c.instruments.meter.RegisterCallback(c.collect, c.instruments.held, c.instruments.down)
	})
	if err != nil {
		c.log.Warn("metrics are counted only when a subscription ends", "error", err)
	}
}

// end undoes begin.
func (c *collector) end() {
	if err := c.collection.End(func() {}); err != nil {
		c.log.Warn("metrics go on being collected after the end", "error", err)
	}
}

// labelsOf returns the attributes of a topic.
func (c *collector) labelsOf(topic string) *labels {
	l := c.labels[topic]
	switch {
	case l != nil:
		return l
	case len(c.labels) >= mostApart:
		return c.others
	}
	l = newLabels(topic, c.patterns)
	c.labels[topic] = l
	return l
}

// collect is the callback.
func (c *collector) collect(ctx context.Context, o metric.Observer) error {
	c.ledger.mu.Lock()
	defer c.ledger.mu.Unlock()
	held, down := map[*labels]int64{}, map[*labels]int64{}
	for _, a := range c.ledger.topics {
		s := a.stats()
		a.told.tell(ctx, c.instruments, &s, a.labels)
		if len(a.live) > 0 {
			held[a.labels] += int64(s.Held)
			down[a.labels] += int64(s.Down)
		}
	}
	for l := range held {
		o.ObserveInt64(c.instruments.held, held[l], l.all)
		o.ObserveInt64(c.instruments.down, down[l], l.all)
	}
	return nil
}
