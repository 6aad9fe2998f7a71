package pubsub

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// topic is what the subscriptions of a subscriber to one topic share: a connection.
// However many there are, Redis sends each message once.
type topic struct {
	name string
	// turn is held by who opens the connection, or joins it.
	turn chan struct{}
	// listener is nil until there is a connection.
	listener *listener
	deafen   context.CancelFunc
	ears     sync.WaitGroup

	refs int // under the subscriber's lock
}

// join returns the topic of that name, which is there until leave is called.
func (s *Subscriber) join(name string) (*topic, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, fmt.Errorf("subscribe to %s: %w", name, ErrClosed)
	}
	t := s.topics[name]
	if t == nil {
		t = &topic{name: name, turn: make(chan struct{}, 1)}
		s.topics[name] = t
	}
	t.refs++
	s.subscriptions.Add(1) // Close waits for calls of Subscribe, too
	return t, nil
}

// leave ends the connection when nobody needs it any more.
func (s *Subscriber) leave(t *topic) {
	s.mu.Lock()
	t.refs--
	last := t.refs == 0
	if last {
		delete(s.topics, t.name)
	}
	s.mu.Unlock()
	if !last || t.listener == nil {
		return
	}
	t.deafen()
	t.listener.close()
	t.ears.Wait()
	s.config.ledger.end(t.name, t.listener)
}

// attach adds a queue to what the topic's listener fills, which is connected then.
func (s *Subscriber) attach(ctx context.Context, t *topic, q *queue) error {
	ctx, cancel := context.WithTimeout(ctx, s.config.SubscribeTimeout)
	defer cancel()
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return fmt.Errorf("pubsub: subscribe to %s: %w", t.name, context.Cause(ctx))
	case <-s.closing:
		return fmt.Errorf("subscribe to %s: %w", t.name, ErrClosed)
	}
	if t.listener == nil {
		return s.open(ctx, t, q)
	}
	if err := s.unlessClosed(ctx, t.name, t.listener.awaitUp); err != nil {
		return err
	}
	t.listener.add(q)
	err := s.unlessClosed(ctx, t.name, func(ctx context.Context) error { return t.listener.confirm(ctx, &t.ears) })
	if err != nil {
		t.listener.remove(q)
		q.stop() // the listener may wait for room in it
	}
	return err
}

// open makes the topic's connection, which fills q from the first message on.
func (s *Subscriber) open(ctx context.Context, t *topic, q *queue) error {
	l := newListener(s.client, t.name, &s.config)
	err := s.unlessClosed(ctx, t.name, func(ctx context.Context) error {
		stop := context.AfterFunc(ctx, l.close)
		err := l.open(ctx)
		if !stop() && err == nil {
			// Redis has confirmed it, but the connection is being closed.
			err = fmt.Errorf("pubsub: subscribe to %s: %w", t.name, context.Cause(ctx))
		}
		return err
	})
	if err != nil {
		l.close()
		return err
	}
	l.add(q)
	t.listener = l
	s.config.ledger.begin(t.name, l)
	ctx, t.deafen = context.WithCancel(context.Background())
	t.ears.Go(func() { l.run(ctx) })
	t.ears.Go(func() { l.beat(ctx) })
	return nil
}

// unlessClosed calls a function whose context ends when the subscriber is closed.
func (s *Subscriber) unlessClosed(ctx context.Context, name string, call func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-s.closing:
			cancel()
		case <-done:
		}
	})
	err := call(ctx)
	close(done)
	watch.Wait()
	cancel()
	select {
	case <-s.closing:
		return fmt.Errorf("subscribe to %s: %w", name, ErrClosed)
	default:
		return err
	}
}

// add makes the listener fill a queue, too.
func (l *listener) add(q *queue) {
	l.mu.Lock()
	defer l.mu.Unlock()
	queues := append(slices.Clone(*l.queues.Load()), q)
	l.queues.Store(&queues)
}

// remove undoes add.
func (l *listener) remove(q *queue) {
	l.mu.Lock()
	defer l.mu.Unlock()
	queues := slices.DeleteFunc(slices.Clone(*l.queues.Load()), func(o *queue) bool { return o == q })
	l.queues.Store(&queues)
}
