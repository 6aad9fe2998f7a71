package streams

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/metric"
)

// commits are the histograms of a subscription's commits.
type commits struct {
	duration metric.Float64Histogram
	messages metric.Int64Histogram
	with     []metric.RecordOption
}

func (i *instruments) ofCommits(attributes metric.MeasurementOption) commits {
	return commits{i.commitDuration, i.commitMessages, []metric.RecordOption{attributes}}
}

// begin returns the time, if anybody wants to know how long a commit takes.
func (c *commits) begin(ctx context.Context) time.Time {
	if c.duration.Enabled(ctx) || c.messages.Enabled(ctx) {
		return time.Now()
	}
	return time.Time{}
}

// done records a batch that was settled.
func (c *commits) done(ctx context.Context, begun time.Time, messages int) {
	if begun.IsZero() {
		return
	}
	c.duration.Record(ctx, time.Since(begun).Seconds(), c.with...)
	c.messages.Record(ctx, int64(messages), c.with...)
}
