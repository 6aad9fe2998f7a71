package pipeline

import (
	"context"
	"errors"
	"fmt"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
)

// Publisher publishes values into a source, from the process that runs the
// pipeline or from any other. Its methods may be called concurrently.
type Publisher[T any] struct {
	publisher message.Publisher
	into      *port
}

// NewPublisher returns a publisher into a flow made by [Source].
func NewPublisher[T any](into Flow[T], transport Transport) (*Publisher[T], error) {
	if len(into.ports) != 1 || !into.ports[0].source {
		return nil, errors.New("pipeline: values are published into a flow made by Source, not into a stage's output or a merge")
	}
	if transport == nil {
		return nil, errors.New("pipeline: the transport is nil")
	}
	publisher, err := transport.Publisher()
	if err != nil {
		return nil, fmt.Errorf("publish into %s: %w", into.ports[0].topic(), err)
	}
	return &Publisher[T]{publisher: publisher, into: into.ports[0]}, nil
}

// Publish publishes values in order and returns when the transport has them.
// With the context of a handler they are part of its handoff.
func (p *Publisher[T]) Publish(ctx context.Context, values ...T) error {
	messages := make([]*message.Message, len(values))
	for i, value := range values {
		payload, err := p.into.codec.Marshal(value)
		if err != nil {
			return fmt.Errorf("publish into %s: value %d of %d cannot be encoded, nothing was published: %w", p.into.topic(), i+1, len(values), err)
		}
		messages[i] = message.NewMessageWithContext(ctx, watermill.NewUUID(), payload)
	}
	return p.publisher.Publish(p.into.topic(), messages...)
}

// Close waits for calls under way and closes the publisher.
func (p *Publisher[T]) Close() error { return p.publisher.Close() }
