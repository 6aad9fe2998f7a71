package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/components/delay"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/internal/isnil"
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
	source := into.ports[0]
	if err := source.check(); err != nil {
		return nil, fmt.Errorf("pipeline %q: publish into source %q: %w", source.pipeline.name, source.name, err)
	}
	if isnil.Value(transport) {
		return nil, errors.New("pipeline: the transport is nil")
	}
	publisher, err := transport.Publisher()
	if err != nil {
		return nil, fmt.Errorf("publish into %s: %w", source.topic(), err)
	}
	telemetry, err := source.pipeline.telemetry.instrument()
	if err != nil {
		return nil, fmt.Errorf("publish into %s: %w", source.topic(), err)
	}
	publisher, err = delay.NewPublisher(instrumented(publisher, telemetry), delay.PublisherConfig{AllowNoDelay: true})
	if err != nil {
		return nil, fmt.Errorf("publish into %s: %w", source.topic(), err)
	}
	return &Publisher[T]{publisher: publisher, into: source}, nil
}

// check returns the faults that keep anyone from publishing into a source. The
// process that does need not know the stages, so they are not looked at.
func (p *port) check() error {
	faults := append(slices.Clone(p.pipeline.faults), checkName("source", p.name))
	if p.codec == nil {
		faults = append(faults, errors.New("the codec is nil"))
	}
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("%w: %w", ErrFaulty, err)
	}
	return nil
}

// Publish publishes values in order and returns when the transport has them.
// With the context of a handler they are part of its handoff. With a context from
// Watermill's [delay.WithContext] they are put aside until their time, if the
// transport knows delays, as streams.Transport does.
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
