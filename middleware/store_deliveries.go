package middleware

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

// ErrStoreClosed is the error of messages that come after their [Store] was closed.
// They are rejected, which counts as no attempt.
var ErrStoreClosed = errors.New("the store is closed: close it only after the router has ended")

// ErrUnsettled is the error of closing a [Store] while handlers are at work that do not
// return.
var ErrUnsettled = errors.New("handlers are still at work: close the store only after the router has ended")

// errNoDeliveries is the error of a store whose Deliveries are nil.
var errNoDeliveries = errors.New("the store has no Deliveries: make it with its constructor, or return the same *middleware.Deliveries each time")

// Deliveries are the messages that [Dedup] is at work on for one [Store]: those whose
// handlers run, and those that were handled and wait for their acknowledgement. A store
// has one and returns it; there is nothing else to do with it but to close it with the
// store. The zero value works. It must not be copied, and may be used concurrently.
type Deliveries struct {
	mu sync.Mutex
	// underWay are those that are not decided yet.
	underWay map[deliveryID]*delivery
	// settling are the goroutines that wait for an acknowledgement.
	settling sync.WaitGroup
	closed   bool
	// abandoned is set when Close waits for handlers no more.
	abandoned bool
	// closing is closed by Close, idle when nothing is under way after that.
	closing, idle chan struct{}
}

// deliveryID tells deliveries apart: each is a message of its own.
type deliveryID struct {
	msg *message.Message
	key string
}

// delivery is one message and all calls that are made with it: one owner of one lease.
type delivery struct {
	id    deliveryID
	owner string
	ttl   time.Duration
	// lease is nil until it is granted. It is kept from one call to the next.
	lease *lease
	// resumed is closed when the message is handled again, which takes it away from
	// the settling of the call before; nil while a call is at work.
	resumed chan struct{}
}

// Close ends the deduplication with a store: it waits until the messages that were
// handled are marked, and refuses others from then on with [ErrStoreClosed]. Call it when
// the router has ended, and before what is behind the store is closed. It may be called
// more than once.
//
// When the router has ended in time it takes as long as the store needs for the marks, at
// most 5 seconds. Handlers that are still at work have the longest of their leases to
// return, then it returns [ErrUnsettled], and what they finish later is not marked. A
// message that was handled, but neither acknowledged nor rejected, is given up after a
// lease, without an error: its duplicates are handled again.
func (s *Deliveries) Close() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	s.init()
	if !s.closed {
		s.closed = true
		close(s.closing)
		s.checkIdle()
	}
	timer := time.NewTimer(s.longest())
	s.mu.Unlock()
	defer timer.Stop()
	select {
	case <-s.idle:
	case <-timer.C:
	}
	left := s.abandon()
	s.settling.Wait()
	if left > 0 {
		return fmt.Errorf("%w: what %d of them finish is not marked", ErrUnsettled, left)
	}
	return nil
}

// Err returns [ErrStoreClosed] once Close was called, and nil before. A store's Acquire
// returns it, before it does anything.
func (s *Deliveries) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrStoreClosed
	}
	return nil
}

// init makes what the zero value lacks.
func (s *Deliveries) init() {
	if s.underWay == nil {
		s.underWay = map[deliveryID]*delivery{}
		s.closing, s.idle = make(chan struct{}), make(chan struct{})
	}
}

// longest returns for how long the last lease of those under way lasts.
func (s *Deliveries) longest() time.Duration {
	var longest time.Duration
	for _, one := range s.underWay {
		longest = max(longest, one.ttl)
	}
	return longest
}

// abandon keeps handlers that are still at work from beginning to settle, and returns
// how many there are.
func (s *Deliveries) abandon() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.abandoned = true
	left := 0
	for _, one := range s.underWay {
		if one.resumed == nil {
			left++
		}
	}
	return left
}

// checkIdle tells Close when nothing is under way any more.
func (s *Deliveries) checkIdle() {
	if s.closed && len(s.underWay) == 0 {
		close(s.idle)
	}
}
