package streams_test

import (
	"context"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

// noted holds messages back until their publisher has had time to note that it
// published them. The suite's TestReconnect notes it in another goroutine than it
// compares in, and so may find that the last message came but was never sent.
type noted struct {
	mu sync.Mutex
	at map[string]time.Time
}

func newNoted() *noted { return &noted{at: map[string]time.Time{}} }

// timeToNote is what a goroutine needs to take an item off a channel, with plenty
// to spare.
const timeToNote = 50 * time.Millisecond

func (n *noted) publisher(inner message.Publisher) message.Publisher {
	return notedPublisher{inner, n}
}

func (n *noted) subscriber(inner message.Subscriber) message.Subscriber {
	return &notedSubscriber{inner: inner, noted: n, closing: make(chan struct{})}
}

// since returns how long ago a message was published; negative if it was not yet.
func (n *noted) since(id string) time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	at, ok := n.at[id]
	if !ok {
		return -1
	}
	return time.Since(at)
}

type notedPublisher struct {
	message.Publisher
	noted *noted
}

func (p notedPublisher) Publish(topic string, messages ...*message.Message) error {
	if err := p.Publisher.Publish(topic, messages...); err != nil {
		return err
	}
	p.noted.mu.Lock()
	defer p.noted.mu.Unlock()
	for _, msg := range messages {
		p.noted.at[msg.UUID] = time.Now()
	}
	return nil
}

type notedSubscriber struct {
	inner   message.Subscriber
	noted   *noted
	once    sync.Once
	closing chan struct{}
	pumps   sync.WaitGroup
}

func (s *notedSubscriber) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	in, err := s.inner.Subscribe(ctx, topic)
	if err != nil {
		return nil, err
	}
	out := make(chan *message.Message)
	s.pumps.Go(func() {
		defer close(out)
		for msg := range in {
			for s.noted.since(msg.UUID) < timeToNote && !s.isClosing() {
				time.Sleep(time.Millisecond)
			}
			select {
			case out <- msg:
			case <-s.closing:
				msg.Nack()
			}
		}
	})
	return out, nil
}

func (s *notedSubscriber) isClosing() bool {
	select {
	case <-s.closing:
		return true
	default:
		return false
	}
}

func (s *notedSubscriber) Close() error {
	s.once.Do(func() { close(s.closing) })
	err := s.inner.Close()
	s.pumps.Wait()
	return err
}
