package pubsub_test

import (
	"context"
	"fmt"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/millstream-go/millstream/pubsub"
)

// Metrics go to a provider of one's own here. A program gives its SDK's to
// otel.SetMeterProvider, and has a reader that exports.
func ExampleSubscriberConfig_meterProvider() {
	client := connect()
	defer client.Close()
	reader := sdk.NewManualReader()
	provider := sdk.NewMeterProvider(sdk.WithReader(reader))
	defer provider.Shutdown(context.Background()) //nolint:errcheck // nothing is exported

	subscriber, err := pubsub.NewSubscriber(client, pubsub.SubscriberConfig{MeterProvider: provider})
	if err != nil {
		fmt.Println(err)
		return
	}
	messages, err := subscriber.Subscribe(context.Background(), "measured")
	if err != nil {
		fmt.Println(err)
		return
	}
	publisher, err := pubsub.NewPublisher(client, pubsub.PublisherConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer publisher.Close()
	if err := publisher.Publish("measured", message.NewMessage(watermill.NewUUID(), []byte("a"))); err != nil {
		fmt.Println(err)
		return
	}
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
		if data, ok := m.Data.(metricdata.Sum[int64]); ok && m.Name == "millstream.pubsub.received" {
			fmt.Println(m.Name, data.DataPoints[0].Value)
		}
	}
	// Output: millstream.pubsub.received 1
}
