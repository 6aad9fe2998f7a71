package pubsub

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/restraint"
)

// Subscriber subscribes to Redis Pub/Sub. Every subscription gets all messages that
// are published while it is connected. Those to one topic share a connection, and a
// new one is made when it breaks.
//
// Its methods may be called concurrently.
type Subscriber struct {
	client    redis.UniversalClient
	config    SubscriberConfig
	restraint *restraint.Restraint

	mu            sync.Mutex
	closed        bool
	closing       chan struct{}
	topics        map[string]*topic
	subscriptions sync.WaitGroup
}

var _ message.Subscriber = (*Subscriber)(nil)

// NewSubscriber returns a subscriber on client, which stays the caller's to close,
// after the subscriber.
func NewSubscriber(client redis.UniversalClient, config SubscriberConfig) (*Subscriber, error) {
	if err := checkClient(client); err != nil {
		return nil, fmt.Errorf("pubsub: subscriber: %w", err)
	}
	if err := config.setDefaults(); err != nil {
		return nil, fmt.Errorf("pubsub: subscriber: %w", err)
	}
	return &Subscriber{
		client: client, config: config, restraint: restraint.New(),
		closing: make(chan struct{}), topics: map[string]*topic{},
	}, nil
}

// Subscribe returns when Redis has confirmed the subscription: whatever is published
// later comes. Each message of the channel must be acknowledged or rejected; a
// rejected one comes again as often as MaxRedeliveries says. When ctx ends, or the
// subscriber is closed, nothing more is taken, messages that are with a handler are
// waited for up to DrainTimeout, and then the channel is closed. Messages' contexts
// derive from ctx and end when they are settled, or given up.
//
// It fails when Redis does not confirm within SubscribeTimeout or before ctx ends, or
// within the client's own timeouts after that, and at once when the client's user lacks
// a permission or the server does not know sharded channels. A subscription to a topic
// that this subscriber listens to already is confirmed on the connection that there is:
// it fails if that is not read meanwhile, because another's buffer is full and Overflow
// is [Block]. Once it has begun, a subscription outlives all that.
func (s *Subscriber) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	if topic == "" {
		return nil, errors.New("pubsub: subscribe: the topic is empty")
	}
	t, err := s.join(topic)
	if err != nil {
		return nil, err
	}
	sub := s.newSubscription(topic)
	if err := s.attach(ctx, t, sub.queue); err != nil {
		s.leave(t)
		s.subscriptions.Done()
		return nil, err
	}
	s.config.ledger.begin(topic, sub.queue)
	go sub.run(ctx, s, t)
	return sub.out, nil
}

// Stats returns the counts of each topic that this subscriber has subscribed to, in
// the order of topics.
func (s *Subscriber) Stats() []Stats { return s.config.ledger.stats() }

// Close ends all subscriptions and returns when they have ended: messages that are
// with a handler are waited for up to DrainTimeout, and all that was received and is
// unfinished then counts as lost. While a server does not answer it may take as long
// as the client's timeouts. The client stays open. Close may be called more than
// once.
func (s *Subscriber) Close() error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.closing)
	}
	s.mu.Unlock()
	s.subscriptions.Wait()
	return nil
}
