package telemetry

import (
	"context"

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
}

func newInstruments(meter metric.Meter) (*instruments, error) {
	m := Maker{Meter: meter}
	i := &instruments{
		processDuration:   m.SecondsHistogram("messaging.process.duration"),
		processWait:       m.SecondsHistogram("millstream.process.wait"),
		operationDuration: m.SecondsHistogram("messaging.client.operation.duration"),
		consumed:          m.Counter("messaging.client.consumed.messages"),
		sent:              m.Counter("messaging.client.sent.messages"),
		retried:           m.Counter("millstream.messages.retried"),
		poisoned:          m.Counter("millstream.messages.poisoned"),
	}
	return i, m.Err
}

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
	return i.processDuration.Enabled(ctx) || i.consumed.Enabled(ctx) || i.processWait.Enabled(ctx) ||
		i.retried.Enabled(ctx) || i.poisoned.Enabled(ctx)
}

func (i *instruments) published(ctx context.Context) bool {
	return i.operationDuration.Enabled(ctx) || i.sent.Enabled(ctx)
}
