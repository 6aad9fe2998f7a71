package pipeline

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/ThreeDotsLabs/watermill/message"
)

// subscribed is a subscriber that has subscribed already.
type subscribed struct {
	message.Subscriber
	messages <-chan *message.Message
	// closing are the goroutines that close subscribers, which the run joins.
	closing *sync.WaitGroup
}

// Subscribe returns the channel there is. A router that closes right after its
// start may end the context of a handler instead of closing its subscriber.
func (s *subscribed) Subscribe(ctx context.Context, _ string) (<-chan *message.Message, error) {
	s.closing.Go(func() {
		<-ctx.Done()
		_ = s.Close()
	})
	return s.messages, nil
}

// String is the name by which the router knows the subscriber.
func (s *subscribed) String() string {
	var inner any = s.Subscriber
	if d, ok := inner.(*drainer); ok {
		inner = d.inner
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", inner), "*")
}

// discard ends the subscription of a stage that will not run.
func (s *subscribed) discard() error {
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	for msg := range s.messages {
		msg.Nack()
	}
	return <-closed
}
