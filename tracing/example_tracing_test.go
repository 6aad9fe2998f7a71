package tracing_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/millstream-go/millstream/tracing"
)

// A bare router is traced by a middleware and a decorator of its publishers.
func ExampleTracing() {
	spans := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)) // for others to see: tracing.Setup
	err := doubled(tracing.Config{TracerProvider: provider, System: "gochannel"})
	if err := errors.Join(err, provider.ForceFlush(context.Background())); err != nil {
		fmt.Println(err)
		return
	}
	for _, span := range spans.GetSpans() {
		fmt.Println(span.SpanKind, span.Name)
	}
	// Unordered output:
	// producer send in
	// consumer process in
	// producer send out
	// consumer process out
}

// doubled sends a message through a router with two handlers.
func doubled(config tracing.Config) error {
	channel := gochannel.NewGoChannel(gochannel.Config{}, watermill.NopLogger{})
	router, err := message.NewRouter(message.RouterConfig{}, watermill.NopLogger{})
	if err != nil {
		return err
	}
	traced, err := tracing.New(config)
	if err != nil {
		return err
	}
	router.AddMiddleware(traced.Middleware)
	router.AddPublisherDecorators(traced.Publisher)

	done := make(chan struct{})
	router.AddHandler("double", "in", channel, "out", channel, func(msg *message.Message) ([]*message.Message, error) {
		return []*message.Message{message.NewMessage(watermill.NewUUID(), msg.Payload)}, nil
	})
	router.AddConsumerHandler("print", "out", channel, func(*message.Message) error {
		close(done)
		return nil
	})
	ended := make(chan error, 1)
	go func() { ended <- router.Run(context.Background()) }()
	<-router.Running()

	publisher, err := traced.Publisher(channel)
	if err != nil {
		return err
	}
	err = publisher.Publish("in", message.NewMessage(watermill.NewUUID(), []byte("21")))
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		err = errors.Join(err, errors.New("nothing came"))
	}
	return errors.Join(err, router.Close(), <-ended, channel.Close())
}
