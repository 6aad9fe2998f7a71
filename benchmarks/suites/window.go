package suites

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// window bounds how many messages are on the way to receivers: a channel holds nothing
// for those who are slow, and Redis disconnects them in the end.
type window struct {
	most int64
	came []atomic.Int64 // by receiver
	// next is how many must have come to each of them for the next message to be sent.
	next atomic.Int64
	some chan struct{}

	mu   sync.Mutex
	sent int64
	lost int64 // taken for lost, since nothing came any more
}

func newWindow(most, receivers int) *window {
	return &window{most: int64(most), came: make([]atomic.Int64, receivers), some: make(chan struct{}, 1)}
}

// arrived is called by a receiver for each message.
func (w *window) arrived(receiver int) {
	if w.came[receiver].Add(1) != w.next.Load() {
		return
	}
	select {
	case w.some <- struct{}{}:
	default: // whoever waits is to look anyway
	}
}

// enter waits for room for n messages, which count as sent then; if there never is as
// much, until nothing is on the way. What does not come in patience it takes for lost.
func (w *window) enter(ctx context.Context, n int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent += int64(n)
	w.next.Store(w.sent - w.lost - max(w.most, int64(n)))
	late := time.NewTimer(patience)
	defer late.Stop()
	for w.least() < w.next.Load() {
		select {
		case <-w.some:
		case <-late.C:
			w.lost = w.sent - w.least() - int64(n)
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// least returns how many messages have come to the slowest receiver.
func (w *window) least() int64 {
	least := w.came[0].Load()
	for i := range w.came {
		least = min(least, w.came[i].Load())
	}
	return least
}
