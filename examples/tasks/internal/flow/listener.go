package flow

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/tasks/internal/task"
	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/pubsub"
	"github.com/millstream-go/millstream/streams"
	"github.com/millstream-go/millstream/tracing"
)

// drainTimeout is how long what is under way at the end may take.
const drainTimeout = 5 * time.Second

// Listener applies the events that are published on channels while it listens.
type Listener struct {
	subscriber *pubsub.Subscriber
	poison     *streams.Publisher
	router     *message.Router
}

// NewListener returns a listener to the channels of all events. Close it, also after its
// Run.
func NewListener(client redis.UniversalClient, apply Apply, poisonTopic string, logger *slog.Logger) (*Listener, error) {
	l := &Listener{}
	var err error
	if l.subscriber, err = pubsub.NewSubscriber(client, pubsub.SubscriberConfig{
		Patterns: true, Concurrency: indexing, DrainTimeout: drainTimeout, Logger: logger,
	}); err != nil {
		return nil, err
	}
	if l.poison, err = streams.NewPublisher(client, streams.PublisherConfig{Logger: logger}); err != nil {
		return nil, err
	}
	poison, err := middleware.NewPoisonQueue(l.poison, poisonTopic, middleware.PoisonConfig{})
	if err != nil {
		return nil, err
	}
	traced, err := tracing.New(tracing.Config{})
	if err != nil {
		return nil, err
	}
	if l.router, err = message.NewRouter(message.RouterConfig{CloseTimeout: 2 * drainTimeout}, watermill.NewSlogLogger(logger)); err != nil {
		return nil, err
	}
	l.router.AddMiddleware(traced.Middleware, middleware.DefaultChain(poison).Middleware)
	l.router.AddConsumerHandler("index", task.ChannelPattern, l.subscriber, func(msg *message.Message) error {
		e, err := task.ParseEvent(msg.Payload)
		if err != nil {
			return middleware.Permanent(err)
		}
		return apply(msg.Context(), e)
	})
	return l, nil
}

// Run applies events until ctx ends, and then finishes what it began.
func (l *Listener) Run(ctx context.Context) error {
	ended := make(chan error, 1)
	// The router's context is that of its handlers, which are to finish.
	go func() { ended <- l.router.Run(context.WithoutCancel(ctx)) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	return errors.Join(l.router.Close(), <-ended)
}

// Running is closed when it listens.
func (l *Listener) Running() <-chan struct{} { return l.router.Running() }

// Stats returns what became of the messages on the channels.
func (l *Listener) Stats() pubsub.Stats {
	for _, s := range l.subscriber.Stats() {
		return s // there is one pattern
	}
	return pubsub.Stats{}
}

// Close closes what it opened.
func (l *Listener) Close() error { return errors.Join(l.subscriber.Close(), l.poison.Close()) }
