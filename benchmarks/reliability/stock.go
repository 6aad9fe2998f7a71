package reliability

import (
	"cmp"
	"errors"
	"sync"

	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
)

// stock is watermill-redisstream. Both ends have a client of their own where they
// can, since each closes the one it was given.
type stock struct{}

func (stock) Name() string { return Stock }

func (stock) Open(s Settings) (Ends, error) {
	config := redisstream.SubscriberConfig{
		Client: s.Connect(), ConsumerGroup: s.Group, Consumer: s.Consumer,
		MaxIdleTime: s.Idle, ClaimInterval: cmp.Or(s.ClaimEvery, s.Idle/5),
	}
	if s.Removal > 0 {
		config.ConsumerTimeout, config.CheckConsumersInterval = s.Removal, s.Removal/5
	}
	subscriber, err := redisstream.NewSubscriber(config, nil)
	publisher, err2 := redisstream.NewPublisher(redisstream.PublisherConfig{Client: s.Connect(), DefaultMaxlen: s.MaxLen}, nil)
	return Ends{Subscriber: subscriber, Publisher: &serialized{publisher: publisher}}, errors.Join(err, err2)
}

// Answer leaves out the context of the input, which ends as soon as the
// subscriber is closed.
func (stock) Answer(in *message.Message) *message.Message {
	return message.NewMessage(in.UUID, in.Payload)
}

// serialized keeps Close of stock's publisher, which writes what Publish reads,
// from running while a Publish does: it would be a data race.
type serialized struct {
	mu        sync.RWMutex
	publisher *redisstream.Publisher
}

func (s *serialized) Publish(topic string, messages ...*message.Message) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.publisher.Publish(topic, messages...)
}

func (s *serialized) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.publisher.Close()
}
