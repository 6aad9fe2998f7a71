package reliability

import (
	"sync"
)

// runs are the runs of the handler, in whatever process.
type runs struct {
	mu     sync.Mutex
	begun  map[string]int
	active map[string]int
	// together is how many runs for one message there were at once, at most.
	together int
}

func newRuns() *runs { return &runs{begun: map[string]int{}, active: map[string]int{}} }

// begin notes the begin of a run and returns which of the message it is, from 1.
func (r *runs) begin(id string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.begun[id]++
	r.active[id]++
	r.together = max(r.together, r.active[id])
	return r.begun[id]
}

func (r *runs) end(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.active[id]--
}

func (r *runs) of(ids ...string) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range ids {
		n += r.begun[id]
	}
	return n
}

// atOnce returns how many runs for one message there were at once, at most.
func (r *runs) atOnce() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.together
}
