package streams

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/millstream-go/millstream/internal/commit"
)

// holds are the ids of entries that were read and are not settled, and which
// attempt at each that is.
type holds struct {
	mu  sync.Mutex
	ids map[string]int
	// settled are those that were removed since watch; nil when nobody watches.
	settled map[string]struct{}
}

func newHolds() *holds { return &holds{ids: map[string]int{}} }

// add adds entries and returns those that were not held before: an entry that is
// with a lane must not come to another one. A later attempt at an entry is news:
// it was parked and became due before the reply to its parking came.
func (h *holds) add(entries []commit.Entry) []commit.Entry {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.DeleteFunc(entries, func(e commit.Entry) bool {
		attempt, held := h.ids[e.ID]
		if held && attempt >= e.Attempt {
			return true
		}
		h.ids[e.ID] = e.Attempt
		return false
	})
}

func (h *holds) remove(deliveries []commit.Delivery) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range deliveries {
		d := &deliveries[i]
		if h.ids[d.ID] <= d.Attempt {
			delete(h.ids, d.ID)
		}
		if h.settled != nil {
			h.settled[d.ID] = struct{}{}
		}
	}
}

// watch begins a look at what Redis says is held, which [holds.unknown] compares
// with what is held here.
func (h *holds) watch() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.settled = map[string]struct{}{}
}

// unknown ends the look and returns those of the entries that are not held here
// and were not settled in the meantime: what Redis said may be out of date.
func (h *holds) unknown(entries []commit.Entry) []commit.Entry {
	h.mu.Lock()
	defer h.mu.Unlock()
	entries = slices.DeleteFunc(entries, func(e commit.Entry) bool {
		_, held := h.ids[e.ID]
		_, settled := h.settled[e.ID]
		return held || settled
	})
	h.settled = nil
	return entries
}

func (h *holds) all() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Collect(maps.Keys(h.ids))
}

// beat renews the hold on entries until ctx ends, so that no one takes them for
// abandoned while handlers run or wait for their turn.
func (s *subscription) beat(ctx context.Context) {
	ticker := time.NewTicker(s.config.IdleTime / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		if ids := s.holds.all(); len(ids) > 0 {
			if err := s.group.Renew(ctx, ids); err != nil && ctx.Err() == nil {
				s.count.troubles.Add(1)
				s.log.Warn("could not renew the hold on messages, others may take them over", "messages", len(ids), "error", err)
			}
		}
	}
}
