package otlptest

import (
	"testing"
	"time"
)

// patience is how long to wait for what must come: much longer than it takes.
const patience = 30 * time.Second

// WaitForSpans waits until the spans that came are as wanted, and returns them.
func (c *Collector) WaitForSpans(tb testing.TB, what string, wanted func([]Span) bool) []Span {
	tb.Helper()
	c.wait(tb, what, func() bool { return wanted(c.Spans()) })
	return c.Spans()
}

// WaitForMetrics waits until the data points that came are as wanted, and returns them.
func (c *Collector) WaitForMetrics(tb testing.TB, what string, wanted func([]Metric) bool) []Metric {
	tb.Helper()
	c.wait(tb, what, func() bool { return wanted(c.Metrics()) })
	return c.Metrics()
}

// WaitForRequest waits until an export was begun.
func (c *Collector) WaitForRequest(tb testing.TB) {
	tb.Helper()
	c.wait(tb, "an export", func() bool { return c.Requests() > 0 })
}

// AtLeast is for [Collector.WaitForSpans] and [Collector.WaitForMetrics].
func AtLeast[T any](n int) func([]T) bool {
	return func(all []T) bool { return len(all) >= n }
}

func (c *Collector) wait(tb testing.TB, what string, wanted func() bool) {
	tb.Helper()
	timeout := time.After(patience)
	for {
		c.mu.Lock()
		came := c.came
		c.mu.Unlock()
		if wanted() {
			return
		}
		select {
		case <-came:
		case <-timeout:
			tb.Fatalf("waited %v in vain for %s: %d spans and %d data points came", patience, what, len(c.Spans()), len(c.Metrics()))
		case <-tb.Context().Done():
			tb.Fatalf("the test ended waiting for %s", what)
		}
	}
}
