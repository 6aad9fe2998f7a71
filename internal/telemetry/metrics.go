package telemetry

import (
	"fmt"
	"strings"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
)

// Metric is what there is to know of a metric before anything is counted.
type Metric struct {
	Name string
	Kind Kind
	// Unit is in UCUM's notation. A metric in "s" has fractions, others are whole.
	Unit        string
	Description string
	// Buckets are a histogram's boundaries.
	Buckets metric.HistogramOption
}

// Kind is what a metric's values mean.
type Kind string

// The kinds of metrics.
const (
	// Counter only grows while its process lives.
	Counter Kind = "counter"
	// Sum goes up and down, and those of several processes may be added.
	Sum Kind = "sum"
	// Gauge is what all processes see alike: to add those of several makes no sense.
	Gauge Kind = "gauge"
	// Histogram is how values are spread.
	Histogram Kind = "histogram"
)

// seconds is the unit of metrics that have fractions.
const seconds = "s"

// Maker makes the instruments of [Metrics]. When Err is set in the end, what it made is
// of no use.
type Maker struct {
	Meter metric.Meter
	Err   error
}

// Instruments returns what makeThem makes on a provider's meter, nil standing for the
// global one, or instruments that do nothing and the error if the provider fails.
func Instruments[T any](provider metric.MeterProvider, makeThem func(metric.Meter) (T, error)) (T, error) {
	made, err := makeThem(Meter(provider))
	if err != nil {
		made, _ = makeThem(noop.Meter{})
	}
	return made, err
}

// find returns the metric of that name, which must be of that kind.
func (m *Maker) find(name string, kind Kind, inSeconds bool) Metric {
	for _, known := range Metrics {
		if known.Name == name && known.Kind == kind && (known.Unit == seconds) == inSeconds {
			return known
		}
	}
	m.fail(fmt.Errorf("no such %s in the list of metrics: %s", kind, name))
	return Metric{Name: name}
}

func (m *Maker) fail(err error) {
	if err != nil && m.Err == nil {
		m.Err = fmt.Errorf("make an instrument for metrics: %w", err)
	}
}

// Counter returns a counter of events.
func (m *Maker) Counter(name string) metric.Int64Counter {
	k := m.find(name, Counter, false)
	i, err := m.Meter.Int64Counter(name, metric.WithUnit(k.Unit), metric.WithDescription(k.Description))
	m.fail(err)
	return i
}

// SecondsCounter returns a counter of time.
func (m *Maker) SecondsCounter(name string) metric.Float64Counter {
	k := m.find(name, Counter, true)
	i, err := m.Meter.Float64Counter(name, metric.WithUnit(k.Unit), metric.WithDescription(k.Description))
	m.fail(err)
	return i
}

// Sum returns an instrument whose value is asked for.
func (m *Maker) Sum(name string) metric.Int64ObservableUpDownCounter {
	k := m.find(name, Sum, false)
	i, err := m.Meter.Int64ObservableUpDownCounter(name, metric.WithUnit(k.Unit), metric.WithDescription(k.Description))
	m.fail(err)
	return i
}

// Gauge returns an instrument whose value is asked for.
func (m *Maker) Gauge(name string) metric.Int64ObservableGauge {
	k := m.find(name, Gauge, false)
	i, err := m.Meter.Int64ObservableGauge(name, metric.WithUnit(k.Unit), metric.WithDescription(k.Description))
	m.fail(err)
	return i
}

// SecondsGauge returns an instrument whose value is asked for.
func (m *Maker) SecondsGauge(name string) metric.Float64ObservableGauge {
	k := m.find(name, Gauge, true)
	i, err := m.Meter.Float64ObservableGauge(name, metric.WithUnit(k.Unit), metric.WithDescription(k.Description))
	m.fail(err)
	return i
}

// Histogram returns a histogram of how many.
func (m *Maker) Histogram(name string) metric.Int64Histogram {
	k := m.find(name, Histogram, false)
	i, err := m.Meter.Int64Histogram(name, metric.WithUnit(k.Unit), metric.WithDescription(k.Description), k.Buckets)
	m.fail(err)
	return i
}

// SecondsHistogram returns a histogram of how long.
func (m *Maker) SecondsHistogram(name string) metric.Float64Histogram {
	k := m.find(name, Histogram, true)
	i, err := m.Meter.Float64Histogram(name, metric.WithUnit(k.Unit), metric.WithDescription(k.Description), k.Buckets)
	m.fail(err)
	return i
}

// PrometheusName returns what the metric is called in Prometheus, by the exporter's
// default way of naming; a histogram has "_bucket", "_sum" and "_count" behind that.
func (m Metric) PrometheusName() string {
	name := strings.ReplaceAll(m.Name, ".", "_")
	if m.Unit == seconds {
		name += "_seconds"
	}
	if m.Kind == Counter {
		name += "_total"
	}
	return name
}
