package pubsub

import (
	"errors"
	"fmt"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/handoff"
)

// Config sets up a [Transport]. The zero value works.
type Config struct {
	// Publisher is how all publishers are made.
	Publisher PublisherConfig
	// Subscriber is how all subscribers are made, but for what a stage asks for
	// itself: Concurrency, DrainTimeout, PoisonTopic, Pipeline and Handler.
	Subscriber SubscriberConfig
}

// Transport carries stages of a pipeline on Redis Pub/Sub. There are no groups:
// every subscriber gets every message, in every process. Its methods may be called
// concurrently.
type Transport struct {
	client redis.UniversalClient
	config Config
}

// NewTransport returns a transport on client, which stays the caller's to close,
// after the pipelines that use it have ended.
func NewTransport(client redis.UniversalClient, config Config) (*Transport, error) {
	if config.Publisher.Sharded != config.Subscriber.Sharded {
		return nil, errors.New("pubsub: transport: who publishes to a sharded channel is heard by those who subscribe to a sharded channel only: " +
			"set Sharded for Publisher and Subscriber, or for none")
	}
	if config.Subscriber.ledger == nil {
		config.Subscriber.ledger = newLedger()
	}
	t := &Transport{client: client, config: config}
	if _, err := NewPublisher(client, config.Publisher); err != nil {
		return nil, fmt.Errorf("pubsub: transport: %w", err)
	}
	if _, err := NewSubscriber(client, config.Subscriber); err != nil {
		return nil, fmt.Errorf("pubsub: transport: %w", err)
	}
	return t, nil
}

// Publisher returns a publisher.
func (t *Transport) Publisher() (message.Publisher, error) {
	return NewPublisher(t.client, t.config.Publisher)
}

// Subscriber returns a subscriber for a stage. Its group is a name in poisoned
// messages and nothing else.
func (t *Transport) Subscriber(s handoff.Subscription) (message.Subscriber, error) {
	config := t.config.Subscriber
	if s.Concurrency != 0 {
		config.Concurrency = s.Concurrency
	}
	if s.Ordered && config.Concurrency > 1 {
		return nil, fmt.Errorf("pubsub: subscriber of %s: with Ordered, which delivers one message at a time, a Concurrency of %d is not possible",
			s.Topic, config.Concurrency)
	}
	if s.DrainTimeout != 0 {
		config.DrainTimeout = s.DrainTimeout
	}
	if s.Poison != "" && config.Poison != nil {
		config.PoisonTopic = s.Poison
	}
	config.Pipeline, config.Handler = s.Pipeline, s.Group
	return NewSubscriber(t.client, config)
}

// Stats returns the counts of each topic that subscribers of this transport have
// subscribed to, in the order of topics. The transport counts on from one run to
// the next.
func (t *Transport) Stats() []Stats { return t.config.Subscriber.ledger.stats() }
