package streams

import (
	"sync"
	"time"
)

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
