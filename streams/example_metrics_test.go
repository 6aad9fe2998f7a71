package streams_test

import (
	"context"
	"fmt"

	"github.com/ThreeDotsLabs/watermill/message"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/millstream-go/millstream/streams"
)

// Metrics go to a provider of one's own here. A program gives its SDK's to
// otel.SetMeterProvider, and has a reader that exports.
func ExampleSubscriberConfig_meterProvider() {
	client, done := connect()
	defer done()
	reader := sdk.NewManualReader()
	provider := sdk.NewMeterProvider(sdk.WithReader(reader))
	defer provider.Shutdown(context.Background()) //nolint:errcheck // nothing is exported

	publisher, err := streams.NewPublisher(client, streams.PublisherConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer publisher.Close()
	subscriber, err := streams.NewSubscriber(client, "readers", streams.SubscriberConfig{MeterProvider: provider})
	if err != nil {
		fmt.Println(err)
		return
	}
	messages, err := subscriber.Subscribe(context.Background(), "{example}:letters")
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := publisher.Publish("{example}:letters", message.NewMessage("1", []byte("a")), message.NewMessage("2", []byte("b"))); err != nil {
		fmt.Println(err)
		return
	}
	(<-messages).Ack()
	(<-messages).Ack()
	if err := subscriber.Close(); err != nil {
		fmt.Println(err)
		return
	}

	var all metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &all); err != nil {
		fmt.Println(err)
		return
	}
	for _, m := range all.ScopeMetrics[0].Metrics {
		if data, ok := m.Data.(metricdata.Sum[int64]); ok && m.Name == "millstream.messages.committed" {
			fmt.Println(m.Name, data.DataPoints[0].Value)
		}
	}
	// Output: millstream.messages.committed 2
}
