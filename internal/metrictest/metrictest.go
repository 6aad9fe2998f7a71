// Package metrictest collects metrics in tests, with OpenTelemetry's SDK.
package metrictest

import (
	"context"
	"slices"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/millstream-go/millstream/internal/telemetry"
)

// Reader is a meter provider whose metrics are collected when a test asks.
type Reader struct {
	*sdk.MeterProvider
	reader *sdk.ManualReader
}

// New returns a reader that ends with the test.
func New(tb testing.TB) *Reader {
	tb.Helper()
	reader := sdk.NewManualReader()
	r := &Reader{sdk.NewMeterProvider(sdk.WithReader(reader)), reader}
	tb.Cleanup(func() { _ = r.Shutdown(context.Background()) })
	return r
}

// Point is a value of a metric under certain attributes.
type Point struct {
	telemetry.Metric
	Attributes attribute.Set
	// Value is the sum of a histogram, Count how many it has.
	Value float64
	Count uint64
}

// Points are what was collected.
type Points []Point

// Collect collects. An error is the test's end.
func (r *Reader) Collect(tb testing.TB) Points {
	tb.Helper()
	points, err := r.TryCollect(tb.Context())
	if err != nil {
		tb.Fatalf("collect metrics: %v", err)
	}
	return points
}

// TryCollect collects.
func (r *Reader) TryCollect(ctx context.Context) (points Points, err error) {
	var all metricdata.ResourceMetrics
	err = r.reader.Collect(ctx, &all)
	for _, scope := range all.ScopeMetrics {
		if scope.Scope.Name != telemetry.Scope {
			continue
		}
		for _, m := range scope.Metrics {
			points = append(points, pointsOf(m)...)
		}
	}
	return points, err
}

func pointsOf(m metricdata.Metrics) (points Points) {
	is := telemetry.Metric{Name: m.Name, Unit: m.Unit, Description: m.Description}
	switch data := m.Data.(type) {
	case metricdata.Sum[int64]:
		return numbers(is, kindOf(data.IsMonotonic), data.DataPoints)
	case metricdata.Sum[float64]:
		return numbers(is, kindOf(data.IsMonotonic), data.DataPoints)
	case metricdata.Gauge[int64]:
		return numbers(is, telemetry.Gauge, data.DataPoints)
	case metricdata.Gauge[float64]:
		return numbers(is, telemetry.Gauge, data.DataPoints)
	case metricdata.Histogram[int64]:
		return histograms(is, data.DataPoints)
	case metricdata.Histogram[float64]:
		return histograms(is, data.DataPoints)
	}
	return nil
}

func kindOf(monotonic bool) telemetry.Kind {
	if monotonic {
		return telemetry.Counter
	}
	return telemetry.Sum
}

func numbers[N int64 | float64](is telemetry.Metric, kind telemetry.Kind, data []metricdata.DataPoint[N]) (points Points) {
	is.Kind = kind
	for _, d := range data {
		points = append(points, Point{Metric: is, Attributes: d.Attributes, Value: float64(d.Value)})
	}
	return points
}

func histograms[N int64 | float64](is telemetry.Metric, data []metricdata.HistogramDataPoint[N]) (points Points) {
	is.Kind = telemetry.Histogram
	for _, d := range data {
		points = append(points, Point{Metric: is, Attributes: d.Attributes, Value: float64(d.Sum), Count: d.Count})
	}
	return points
}

// Named returns the points of a metric that have these attributes, and maybe others.
func (p Points) Named(name string, with ...attribute.KeyValue) (found Points) {
	for _, point := range p {
		if point.Name == name && !slices.ContainsFunc(with, func(a attribute.KeyValue) bool {
			v, ok := point.Attributes.Value(a.Key)
			return !ok || v != a.Value
		}) {
			found = append(found, point)
		}
	}
	return found
}

// Value returns the value of a metric, which must be there once with these attributes.
func (p Points) Value(tb testing.TB, name string, with ...attribute.KeyValue) float64 {
	tb.Helper()
	found := p.Named(name, with...)
	if len(found) != 1 {
		tb.Fatalf("%s with %v is there %d times, in %d points", name, with, len(found), len(p))
	}
	return found[0].Value
}
