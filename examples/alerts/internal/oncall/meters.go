package oncall

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// Scope is the instrumentation scope of the metrics and spans of this example.
const Scope = "github.com/millstream-go/millstream/examples/alerts"

// What became of an alert.
const (
	notified = "notified" // somebody was told
	gathered = "gathered" // it is in a ticket to come
	recorded = "recorded"
	rejected = "rejected" // it is in the poison topic
)

// invalid is the severity of what breaks the rules: its own may be any text.
const invalid = "invalid"

// meters are the instruments. They count runs of handlers: one whose process dies before
// it is committed counts again.
type meters struct {
	processed, retries metric.Int64Counter
	latency            metric.Float64Histogram
}

// newMeters makes the instruments with what the program has set up.
func newMeters() (meters, error) {
	meter := otel.Meter(Scope)
	processed, err1 := meter.Int64Counter("alerts.processed", metric.WithUnit("{alert}"),
		metric.WithDescription("Alerts that were processed, by severity and what became of them; tickets count once, as warnings that were notified."))
	retries, err2 := meter.Int64Counter("alerts.retries", metric.WithUnit("{attempt}"),
		metric.WithDescription("Calls of the notifier that failed and are repeated, by stage."))
	latency, err3 := meter.Float64Histogram("alerts.latency", metric.WithUnit("s"),
		metric.WithDescription("Time from when an alert was raised until somebody was told; of a ticket, from its first warning."),
		metric.WithExplicitBucketBoundaries(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800))
	return meters{processed, retries, latency}, errors.Join(err1, err2, err3)
}

func (m meters) count(ctx context.Context, severity, outcome string) {
	m.processed.Add(ctx, 1, metric.WithAttributes(attribute.String("severity", severity), attribute.String("outcome", outcome)))
}

func (m meters) waited(ctx context.Context, severity string, d time.Duration) {
	m.latency.Record(ctx, max(d, 0).Seconds(), metric.WithAttributes(attribute.String("severity", severity)))
}

func (m meters) retried(ctx context.Context, stage string) {
	m.retries.Add(ctx, 1, metric.WithAttributes(attribute.String("stage", stage)))
}
