package messaging

import (
	"context"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"

	"github.com/millstream-go/millstream/examples/internal/once"
	"github.com/millstream-go/millstream/examples/userservice/internal/application"
	"github.com/millstream-go/millstream/streams"
	"github.com/millstream-go/millstream/tracing"
)

// remembered is how long Redis knows an event that was published. A relay that dies before
// it marks it in the outbox is started again before that.
const remembered = 7 * 24 * time.Hour

// Events publishes events into the stream of the services. It is an [application.Events].
type Events struct {
	topic     string
	publisher message.Publisher
}

var _ application.Events = (*Events)(nil)

// NewEvents returns one. The client stays the caller's to close, after the Events.
func NewEvents(client redis.UniversalClient, services Services) (*Events, error) {
	publisher, err := once.NewPublisher(client, streams.PublisherConfig{IdempotencyTTL: remembered}, tracing.Config{HideErrors: true})
	if err != nil {
		return nil, err
	}
	return &Events{services.Registered.Topics()[0], publisher}, nil
}

// Publish implements [application.Events], by the event's id. It goes on in the trace of the
// request that the event comes from.
func (e *Events) Publish(ctx context.Context, event application.Outgoing) error {
	msg := message.NewMessage(event.EventID, event.Payload)
	msg.SetContext(otel.GetTextMapPropagator().Extract(ctx, propagation.MapCarrier(event.Trace)))
	return e.publisher.Publish(e.topic, msg)
}

// Close waits for calls under way.
func (e *Events) Close() error { return e.publisher.Close() }
