package streams

import (
	"context"
	"sync"
	"time"
)

// claim takes over parked entries when they are due and those of consumers that
// fell silent, until the subscription stops.
func (s *subscription) claim(ctx context.Context) {
	idle := s.config.IdleTime
	if s.config.Ordered {
		// The ordered reader takes those over itself, in their place.
		idle = -1
	}
	trouble := s.newTrouble("claiming")
	cursor := "-"
	const most = 100
	for {
		s.parked.clear()
		claimed, err := s.group.Claim(ctx, idle, most, cursor)
		if err != nil {
			s.lost.Store(true)
		}
		if !trouble.settle(ctx, err) {
			return
		}
		full := len(claimed.Entries) == most
		if err == nil {
			cursor = claimed.Cursor
			s.take(s.holds.missing(claimed.Entries))
		}
		wait := s.config.IdleTime / 2
		if claimed.Due >= 0 && err == nil {
			wait = min(wait, claimed.Due)
		}
		if full {
			wait = 0
		}
		if !s.parked.wait(wait, s.stopping) {
			return
		}
	}
}

// alarm wakes the claimer when this process parks something that is due earlier
// than what it waits for.
type alarm struct {
	mu    sync.Mutex
	set   bool
	at    time.Time
	moved chan struct{}
}

func newAlarm() *alarm { return &alarm{moved: make(chan struct{}, 1)} }

// ring asks to be woken after d, if nothing earlier is set.
func (a *alarm) ring(d time.Duration) {
	at := time.Now().Add(d)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.set && !at.Before(a.at) {
		return
	}
	a.set, a.at = true, at
	select {
	case a.moved <- struct{}{}:
	default:
	}
}

func (a *alarm) clear() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.set = false
}

// wait returns true after d, or when the alarm rings if that is sooner; false
// when stopping is closed.
func (a *alarm) wait(d time.Duration, stopping <-chan struct{}) bool {
	deadline := time.Now().Add(d)
	for {
		a.mu.Lock()
		if a.set && a.at.Before(deadline) {
			deadline = a.at
		}
		a.mu.Unlock()
		timer := time.NewTimer(time.Until(deadline))
		select {
		case <-timer.C:
			return true
		case <-a.moved:
			timer.Stop()
		case <-stopping:
			timer.Stop()
			return false
		}
	}
}
