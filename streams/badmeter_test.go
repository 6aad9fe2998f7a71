package streams_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	sdk "go.opentelemetry.io/otel/sdk/metric"

	"github.com/millstream-go/millstream/streams"
)

// broken makes no counters, or collects nothing.
type broken struct {
	noop.MeterProvider
	counters, callbacks error
}

func (b broken) Meter(string, ...metric.MeterOption) metric.Meter { return brokenMeter{broken: b} }

type brokenMeter struct {
	noop.Meter
	broken broken
}

func (b brokenMeter) Int64Counter(string, ...metric.Int64CounterOption) (metric.Int64Counter, error) {
	return noop.Int64Counter{}, b.broken.counters
}

func (b brokenMeter) RegisterCallback(metric.Callback, ...metric.Observable) (metric.Registration, error) {
	return nil, b.broken.callbacks
}

func TestAPipelineGoesOnWithoutMetricsWhenTheProviderFails(t *testing.T) {
	t.Parallel()
	var none *sdk.MeterProvider
	for says, provider := range map[string]metric.MeterProvider{
		"there are no metrics":                              broken{counters: errors.New("no counters")},
		"metrics are counted only when a subscription ends": broken{callbacks: errors.New("no callbacks")},
		"": none,
	} {
		c, topic := client(t), newTopic(t)
		var said logs
		publish(t, c, topic, "1", "2")
		messages, s := subscribe(t, c, topic, streams.SubscriberConfig{MeterProvider: provider, Logger: said.logger()})
		receive(t, messages).Ack()
		receive(t, messages).Ack()
		settled(t, c, topic)
		require.NoError(t, s.Close())
		if says != "" {
			require.Equal(t, 1, said.count(says))
		}
		require.LessOrEqual(t, said.count("level=WARN"), 1)
	}
}
