package pipeline

import (
	"sync"
	"time"

	"github.com/millstream-go/millstream/internal/handoff"
)

// failures counts the failed attempts of messages of one stage. Where there is a
// handoff it knows; for other transports they are counted here, in this process.
type failures struct {
	mu     sync.Mutex
	counts map[string]int
}

func newFailures() *failures { return &failures{counts: map[string]int{}} }

// maxCounted bounds the memory for messages that failed here and went elsewhere.
const maxCounted = 10_000

// count notes a failure and returns which attempt it was.
func (f *failures) count(h *handoff.Handoff, id string) int {
	if h != nil {
		return h.Attempt
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.counts) >= maxCounted {
		clear(f.counts)
	}
	f.counts[id]++
	return f.counts[id]
}

func (f *failures) forget(h *handoff.Handoff, id string) {
	if h != nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.counts, id)
}

// delay is how long to wait after an attempt on a transport that would deliver
// the message again at once.
func (f *failures) delay(attempt int) time.Duration {
	const first, last = 100 * time.Millisecond, 10 * time.Second
	return min(first<<min(attempt-1, 10), last)
}
