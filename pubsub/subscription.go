package pubsub

import (
	"context"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/internal/restraint"
)

// subscription is one call of Subscribe: a queue that its topic's listener fills, and
// lanes that empty it.
type subscription struct {
	topic  string
	config *SubscriberConfig
	queue  *queue
	out    chan *message.Message
	log    *slog.Logger
	// restraint is for complaints of messages.
	restraint *restraint.Restraint

	// stopping is closed when nothing more is to be begun, expired when handlers are
	// waited for no longer.
	stopping, expired chan struct{}
}

func (s *Subscriber) newSubscription(topic string) *subscription {
	return &subscription{
		topic: topic, config: &s.config,
		queue: newQueue(s.config.Buffer, s.config.BufferBytes, s.config.Overflow),
		out:   make(chan *message.Message), log: s.config.Logger.With("topic", topic), restraint: s.restraint,
		stopping: make(chan struct{}), expired: make(chan struct{}),
	}
}

// run carries the subscription until ctx ends or the subscriber closes. It ends after
// all its goroutines.
func (s *subscription) run(ctx context.Context, of *Subscriber, t *topic) {
	defer of.subscriptions.Done()
	handling, giveUp := context.WithCancel(handoff.WithStopping(ctx, s.stopping))
	defer giveUp()
	var lanes sync.WaitGroup
	for range s.config.Concurrency {
		lanes.Go(func() { s.lane(handling) })
	}
	select {
	case <-ctx.Done():
	case <-of.closing:
	}
	close(s.stopping)
	t.listener.remove(s.queue)
	s.queue.stop()
	var left sync.WaitGroup
	left.Go(func() { of.leave(t) })
	s.drain(&lanes, giveUp)
	left.Wait()
	of.config.ledger.end(s.topic, s.queue)
	close(s.out)
}

// drain waits for the lanes, whose handlers are given up after DrainTimeout.
func (s *subscription) drain(lanes *sync.WaitGroup, giveUp context.CancelFunc) {
	timer := time.AfterFunc(s.config.DrainTimeout, func() {
		giveUp()
		close(s.expired)
	})
	defer timer.Stop()
	lanes.Wait()
}

// lane delivers one message after the other until the subscription stops.
func (s *subscription) lane(ctx context.Context) {
	became := unsettled
	ids := newNames()
	for {
		r, ok := s.queue.next(became)
		if !ok {
			return
		}
		became = s.deliver(ctx, r, ids)
	}
}

// deliver hands a message to handlers until one acknowledges it or it has been
// rejected often enough, and returns what became of it.
func (s *subscription) deliver(ctx context.Context, r *redis.Message, ids *names) outcome {
	l, err := open(r, s.config.Raw, ids)
	if err != nil {
		return s.malformed(ctx, &l, err)
	}
	for deliveries := 1; ; deliveries++ {
		switch s.attempt(ctx, &l) {
		case accepted:
			return acked
		case interrupted:
			return lostClosed
		}
		if deliveries > s.config.MaxRedeliveries {
			return s.rejected(ctx, &l, deliveries)
		}
		if !s.pause(s.nackDelay(deliveries)) {
			return lostClosed
		}
		s.queue.redelivered()
	}
}

// answer is what a handler says to a message.
type answer int

const (
	accepted answer = iota
	refused
	interrupted // the subscription stops
)

// attempt hands a message to a handler and waits for the answer.
func (s *subscription) attempt(ctx context.Context, l *letter) answer {
	d := &delivery{Context: ctx, of: l.Message}
	defer d.end()
	msg := l.message(d)
	if ctx.Err() != nil {
		return interrupted // and stopping is about to tell
	}
	if !s.hand(msg) {
		return interrupted
	}
	// Most handlers are done before it is this goroutine's turn again, and need not
	// wake it then: a fifth of the throughput.
	runtime.Gosched()
	select {
	case <-msg.Acked():
		return accepted
	default:
	}
	select {
	case <-msg.Acked():
		return accepted
	case <-msg.Nacked():
		return refused
	case <-s.expired:
		s.log.Warn("a handler did not finish before the drain deadline, its message is given up",
			"uuid", l.uuid, "drain_timeout", s.config.DrainTimeout)
		return interrupted
	}
}

// hand gives a message to a handler; false if the subscription stops before.
func (s *subscription) hand(msg *message.Message) bool {
	select {
	case s.out <- msg: // somebody waits
		return true
	default:
	}
	select {
	case s.out <- msg:
		return true
	case <-s.stopping:
		return false
	}
}

// nackDelay returns how long to wait after so many deliveries.
func (s *subscription) nackDelay(deliveries int) time.Duration {
	d := s.config.NackDelay
	for range deliveries - 1 {
		if d >= s.config.MaxNackDelay/2 {
			return s.config.MaxNackDelay
		}
		d *= 2
	}
	return min(d, s.config.MaxNackDelay)
}

// pause waits; it returns false when the subscription stops before.
func (s *subscription) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.stopping:
		return false
	}
}
