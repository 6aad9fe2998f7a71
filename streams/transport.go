package streams

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/commit"
	"github.com/millstream-go/millstream/internal/handoff"
)

// Config sets up a [Transport]. The zero value works.
type Config struct {
	// Marshaller makes and reads the fields of entries. Default: watermill-redisstream's.
	Marshaller Marshaller
	// Start is where a group that does not exist yet begins. Default: [FromStart].
	Start string
	// IdleTime is how long a process may be silent before others take over its
	// messages. Default: 30 seconds.
	IdleTime time.Duration
	// NackDelay and MaxNackDelay are how long a rejected message is put aside, at
	// first and at most. Defaults: 100 milliseconds and 1 minute.
	NackDelay, MaxNackDelay time.Duration
	// Logger gets what an operator should know. Default: slog.Default().
	Logger *slog.Logger
}

// Transport carries a pipeline on Redis Streams: give it to the pipeline's Run.
// Its methods may be called concurrently.
type Transport struct {
	client redis.UniversalClient
	config Config
}

// NewTransport returns a transport on client, which stays the caller's to close,
// after the pipelines that use it have ended. Each input of a stage keeps one of
// the client's connections in a blocking read, so its PoolSize should be at least
// twice the number of stages that a process runs.
func NewTransport(client redis.UniversalClient, config Config) (*Transport, error) {
	if _, err := newDomain(client); err != nil {
		return nil, err
	}
	t := &Transport{client: client, config: config}
	check := t.subscriberConfig(handoff.Subscription{})
	if err := check.setDefaults(); err != nil {
		return nil, fmt.Errorf("streams: transport: %w", err)
	}
	return t, nil
}

// Publisher returns a publisher.
func (t *Transport) Publisher() (message.Publisher, error) {
	return NewPublisher(t.client, PublisherConfig{Marshaller: t.config.Marshaller})
}

// Subscriber returns a subscriber for a stage.
func (t *Transport) Subscriber(s handoff.Subscription) (message.Subscriber, error) {
	return NewSubscriber(t.client, s.Group, t.subscriberConfig(s))
}

func (t *Transport) subscriberConfig(s handoff.Subscription) SubscriberConfig {
	return SubscriberConfig{
		Start:        t.config.Start,
		Concurrency:  s.Concurrency,
		Ordered:      s.Ordered,
		Marshaller:   t.config.Marshaller,
		PoisonTopic:  s.Poison,
		Pipeline:     s.Pipeline,
		IdleTime:     t.config.IdleTime,
		DrainTimeout: s.DrainTimeout,
		NackDelay:    t.config.NackDelay,
		MaxNackDelay: t.config.MaxNackDelay,
		Logger:       t.config.Logger,
	}
}

// Idle reports whether none of the subscriptions has an undelivered, pending or
// parked message, in any process, at one moment.
func (t *Transport) Idle(ctx context.Context, subscriptions []handoff.Subscription) (bool, error) {
	readings := make([]commit.Reading, len(subscriptions))
	for i, s := range subscriptions {
		readings[i] = commit.Reading{Stream: s.Topic, Group: s.Group}
	}
	return commit.Idle(ctx, t.client, readings)
}
