package telemetry

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"

	"github.com/millstream-go/millstream/internal/handoff"
)

// instruments are the metrics of messages that are published and processed.
type instruments struct {
	processDuration   metric.Float64Histogram
	processWait       metric.Float64Histogram
	operationDuration metric.Float64Histogram
	consumed          metric.Int64Counter
	sent              metric.Int64Counter
	retried           metric.Int64Counter
	poisoned          metric.Int64Counter

	// unset is the global provider that stands in until there is another, if it was that
	// which made them: one look at it is less than at each of them.
	unset metric.MeterProvider
}

func newInstruments(provider metric.MeterProvider) (*instruments, error) {
	m := Maker{Meter: Meter(provider)}
	i := &instruments{
		processDuration:   m.SecondsHistogram("messaging.process.duration"),
		processWait:       m.SecondsHistogram("millstream.process.wait"),
		operationDuration: m.SecondsHistogram("messaging.client.operation.duration"),
		consumed:          m.Counter("messaging.client.consumed.messages"),
		sent:              m.Counter("messaging.client.sent.messages"),
		retried:           m.Counter("millstream.messages.retried"),
		poisoned:          m.Counter("millstream.messages.poisoned"),
	}
	if global := otel.GetMeterProvider(); provider == nil && isUnset(global) {
		i.unset = global
	}
	return i, m.Err
}

// isOff reports whether there is nothing yet that would record a metric.
func (i *instruments) isOff() bool { return i.unset != nil && otel.GetMeterProvider() == i.unset }

// beginAtZero has the counters of rare events there before the first of them: what
// begins at 1 has not risen, for who looks at rates.
func (i *instruments) beginAtZero(ctx context.Context, l *labels) {
	i.retried.Add(ctx, 0, l.measure)
	for _, kind := range []string{
		handoff.KindPermanent, handoff.KindExhausted, handoff.KindMalformed, handoff.KindFailed, handoff.KindUnfinished,
	} {
		i.poisoned.Add(ctx, 0, l.measure, metric.WithAttributes(KeyPoisonKind.String(kind)))
	}
}

// processed and published report whether anything of what is processed or published is
// measured: a view may drop any of the metrics.
func (i *instruments) processed(ctx context.Context) bool {
	if i.isOff() {
		return false
	}
	return i.processDuration.Enabled(ctx) || i.consumed.Enabled(ctx) || i.processWait.Enabled(ctx) ||
		i.retried.Enabled(ctx) || i.poisoned.Enabled(ctx)
}

func (i *instruments) published(ctx context.Context) bool {
	if i.isOff() {
		return false
	}
	return i.operationDuration.Enabled(ctx) || i.sent.Enabled(ctx)
}
