package middleware

import (
	"context"
	"time"

	"github.com/ThreeDotsLabs/watermill"

	"github.com/millstream-go/millstream/internal/handoff"
)

// enter begins a call for a message. A call while another is at work on the same message
// is inside of it, and has nothing to do with the lease.
func (s *Deliveries) enter(id deliveryID, ttl time.Duration) (one *delivery, inside bool, err error) {
	if s == nil {
		return nil, false, errNoDeliveries
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.init()
	one = s.underWay[id]
	switch {
	case one != nil && one.resumed == nil:
		return one, true, nil
	case one != nil:
		// It was handled, and failed further out: once more by the same owner.
		close(one.resumed)
		one.resumed = nil
		return one, false, nil
	case s.closed:
		return nil, false, ErrStoreClosed
	}
	one = &delivery{id: id, owner: watermill.NewUUID(), ttl: ttl}
	s.underWay[id] = one
	return one, false, nil
}

// settle ends a call that succeeded: in a goroutine that Close waits for, settle is
// called with what tells it that the message is handled again. It reports false if
// Close has given up waiting.
func (s *Deliveries) settle(one *delivery, settle func(resumed <-chan struct{})) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.abandoned {
		return false
	}
	resumed := make(chan struct{})
	one.resumed = resumed
	s.settling.Go(func() { settle(resumed) })
	return true
}

// decide ends a delivery whose settling is decided on. It reports false if the message
// was handled again in the meantime: then that call decides.
func (s *Deliveries) decide(one *delivery, resumed <-chan struct{}) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if one.resumed != resumed {
		return false
	}
	s.remove(one)
	return true
}

// fail ends a call that did not succeed, and the delivery and its lease with it.
func (s *Deliveries) fail(one *delivery) {
	if one.lease != nil {
		one.lease.release()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(one)
}

func (s *Deliveries) remove(one *delivery) {
	delete(s.underWay, one.id)
	s.checkIdle()
}

// wait returns false when there is no point in waiting any longer: ctx ends, the
// transport stops or the store is closed.
func (s *Deliveries) wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-handoff.Stopping(ctx):
	case <-s.closing:
	}
	return false
}
