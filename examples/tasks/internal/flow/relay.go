package flow

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"

	"github.com/millstream-go/millstream/examples/internal/once"
	"github.com/millstream-go/millstream/examples/tasks/internal/task"
	"github.com/millstream-go/millstream/internal/pause"
	"github.com/millstream-go/millstream/streams"
	"github.com/millstream-go/millstream/tracing"
)

// How much the relay takes at once, how long it waits when it is told of nothing, and how
// long after something failed.
const (
	relayBatch = 100
	relayLook  = time.Second
	relayPause = 250 * time.Millisecond
)

// idleTime is how long a process that died keeps its messages from the next one.
const idleTime = 2 * time.Second

// Outbox has the events that are to be published. Package store has one.
type Outbox interface {
	Unsent(ctx context.Context, limit int) ([]task.Unsent, error)
	Sent(ctx context.Context, number int64) error
	Changed() <-chan struct{}
}

// Relay publishes what is in an outbox to a topic, in order. An event leaves the outbox when
// Redis has it, and a crash between the two has it published again, which Redis passes
// over: so each is in the stream once.
type Relay struct {
	outbox    Outbox
	publisher message.Publisher
	topic     string
	logger    *slog.Logger
}

// NewRelay returns a relay. Close it after its Run.
func NewRelay(outbox Outbox, client redis.UniversalClient, topic string, logger *slog.Logger) (*Relay, error) {
	publisher, err := once.NewPublisher(client, streams.PublisherConfig{Logger: logger}, tracing.Config{})
	if err != nil {
		return nil, err
	}
	return &Relay{outbox, publisher, topic, logger}, nil
}

// Close closes the publisher.
func (r *Relay) Close() error { return r.publisher.Close() }

// Run publishes until ctx ends. While Redis or the store fail it tries again.
func (r *Relay) Run(ctx context.Context) {
	failing := false
	for ctx.Err() == nil {
		n, err := r.once(ctx)
		switch {
		case err != nil:
			if !failing && ctx.Err() == nil {
				r.logger.WarnContext(ctx, "events cannot be published and wait in the outbox", "err", err)
			}
			failing = true
			pause.For(ctx, nil, relayPause)
			continue
		case failing:
			failing = false
			r.logger.InfoContext(ctx, "events are published again")
		}
		if n < relayBatch {
			pause.For(ctx, r.outbox.Changed(), relayLook)
		}
	}
}

// once publishes the first events, and returns how many.
func (r *Relay) once(ctx context.Context) (int, error) {
	unsent, err := r.outbox.Unsent(ctx, relayBatch)
	if err != nil || len(unsent) == 0 {
		return 0, err
	}
	messages := make([]*message.Message, len(unsent))
	for i, u := range unsent {
		payload, err := json.Marshal(u.Event)
		if err != nil {
			return 0, err
		}
		// The trace goes on that the request began.
		traced := otel.GetTextMapPropagator().Extract(ctx, propagation.MapCarrier(u.Trace))
		messages[i] = message.NewMessageWithContext(traced, u.Event.ID(), payload)
	}
	if err := r.publisher.Publish(r.topic, messages...); err != nil {
		return 0, fmt.Errorf("publish %d events: %w", len(messages), err)
	}
	return len(unsent), r.outbox.Sent(ctx, unsent[len(unsent)-1].Event.Number)
}

// Carry returns what goes along with an event, so that its trace goes on in the relay.
func Carry(ctx context.Context) map[string]string {
	carrier := propagation.MapCarrier{}
	otel.GetTextMapPropagator().Inject(ctx, carrier)
	return carrier
}
