package telemetry

import (
	"errors"

	"go.opentelemetry.io/otel/metric"
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
	var i instruments
	var faults []error
	histogram := func(to *metric.Float64Histogram, name, what string, buckets metric.HistogramOption) {
		var err error
		*to, err = meter.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(what), buckets)
		faults = append(faults, err)
	}
	counter := func(to *metric.Int64Counter, name, what string) {
		var err error
		*to, err = meter.Int64Counter(name, metric.WithUnit("{message}"), metric.WithDescription(what))
		faults = append(faults, err)
	}
	histogram(&i.processDuration, "messaging.process.duration", "Duration of processing operation.", Durations)
	histogram(&i.operationDuration, "messaging.client.operation.duration",
		"Duration of messaging operation initiated by a producer or consumer client.", Durations)
	histogram(&i.processWait, "millstream.process.wait",
		"Time from when a message was added to its stream until its first processing began.", Waits)
	counter(&i.consumed, "messaging.client.consumed.messages", "Number of messages that were delivered to the application.")
	counter(&i.sent, "messaging.client.sent.messages", "Number of messages producer attempted to send to the broker.")
	counter(&i.retried, "millstream.messages.retried", "Times that a handler was called again for a message within a delivery.")
	counter(&i.poisoned, "millstream.messages.poisoned", "Messages that went to a poison topic.")
	return &i, errors.Join(faults...)
}
