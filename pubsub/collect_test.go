package pubsub

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/millstream-go/millstream/internal/metrictest"
)

func TestMetricsTellABoundedNumberOfTopicsApartAndCountEachMessageOnce(t *testing.T) {
	t.Parallel()
	reader := metrictest.New(t)
	l := newLedger(&SubscriberConfig{MeterProvider: reader})
	lasting := &fixed{Stats{Received: 1, Held: 1}}
	l.begin("lasting", lasting)
	for run := range 2 { // the names of the first run are known in the second
		for i := range remembered + mostApart {
			c := &fixed{Stats{Received: 2}}
			l.begin(strconv.Itoa(i), c)
			if i == mostApart+1 { // one that is not told apart, while it lives
				require.Len(t, reader.Collect(t).Named("millstream.pubsub.held"), 2)
			}
			l.end(strconv.Itoa(i), c)
		}
		points := reader.Collect(t).Named("millstream.pubsub.received")
		require.Len(t, points, mostApart+1, "with all others together")
		var sum float64
		for _, p := range points {
			sum += p.Value
		}
		require.EqualValues(t, 2*(run+1)*(remembered+mostApart)+1, sum)
		require.EqualValues(t, 2*(run+1), reader.Collect(t).Value(t, "millstream.pubsub.received", semconv.MessagingDestinationName("0")))
		require.EqualValues(t, 2*(run+1)*(remembered+1), reader.Collect(t).Value(t, "millstream.pubsub.received", semconv.MessagingDestinationName("_OTHER")))
	}
	l.end("lasting", lasting)
	require.Empty(t, reader.Collect(t).Named("millstream.pubsub.held"))
	require.Len(t, l.collector.labels, mostApart)
}
