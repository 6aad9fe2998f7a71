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
	// Subscriber is how all subscribers are made, but for what a stage says itself:
	// Concurrency, DrainTimeout, PoisonTopic, Pipeline and Handler. In a pipeline
	// these come from its options and their defaults, and have no effect here.
	Subscriber SubscriberConfig
}

// Transport carries stages of a pipeline on Redis Pub/Sub. There are no groups:
// every subscriber gets every message, in every process. Its methods may be called
// concurrently. Make one with [NewTransport]: the zero value returns errors.
type Transport struct {
	client redis.UniversalClient
	config Config
}

// errUnmade is what a transport returns that NewTransport did not make.
var errUnmade = errors.New("pubsub: the transport is nil or empty: make one with NewTransport")

func (t *Transport) isMade() bool { return t != nil && t.client != nil }

// NewTransport returns a transport on client, which stays the caller's to close,
// after the pipelines that use it have ended.
func NewTransport(client redis.UniversalClient, config Config) (*Transport, error) {
	if config.Publisher.Sharded != config.Subscriber.Sharded {
		return nil, errors.New("pubsub: transport: who publishes to a sharded channel is heard by those who subscribe to a sharded channel only: " +
			"set Sharded for Publisher and Subscriber, or for none")
	}
	if config.Subscriber.ledger == nil {
		config.Subscriber.ledger = newLedger(&config.Subscriber)
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
	if !t.isMade() {
		return nil, errUnmade
	}
	return NewPublisher(t.client, t.config.Publisher)
}

// Subscriber returns a subscriber for a stage. Its group is a name in poisoned
// messages and nothing else.
func (t *Transport) Subscriber(s handoff.Subscription) (message.Subscriber, error) {
	if !t.isMade() {
		return nil, errUnmade
	}
	config := t.config.Subscriber
	if s.Concurrency != 0 {
		config.Concurrency = s.Concurrency
	}
	if s.Ordered {
		return nil, fmt.Errorf("pubsub: subscriber of %s: Ordered, by which one process at a time has the work of stage %s: %w on Pub/Sub, "+
			"where each process gets every message; a Concurrency of 1 keeps order in each", s.Topic, s.Group, errors.ErrUnsupported)
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
func (t *Transport) Stats() []Stats {
	if !t.isMade() {
		return nil
	}
	return t.config.Subscriber.ledger.stats()
}
