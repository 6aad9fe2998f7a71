package streams

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/millstream-go/millstream/internal/telemetry"
)

func TestMetricsTellABoundedNumberOfTopicsApart(t *testing.T) {
	t.Parallel()
	reader := sdk.NewManualReader()
	l := newLedger(sdk.NewMeterProvider(sdk.WithReader(reader)))
	i, err := telemetry.Instruments(l.collector.provider, makeInstruments)
	require.NoError(t, err)
	const topics = mostApart + 50
	for n := range topics {
		l.counters(fmt.Sprint("topic", n), "g").delivered.Add(2)
	}
	l.tell(t.Context(), i.counters)
	var all metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &all))
	for _, m := range all.ScopeMetrics[0].Metrics {
		points := m.Data.(metricdata.Sum[int64]).DataPoints
		require.Len(t, points, mostApart+1)
		if m.Name != "millstream.messages.delivered" {
			continue
		}
		for _, p := range points {
			if name, _ := p.Attributes.Value("messaging.destination.name"); name.AsString() == telemetry.Other {
				require.EqualValues(t, 2*(topics-mostApart), p.Value)
			} else {
				require.EqualValues(t, 2, p.Value)
			}
		}
	}
}
