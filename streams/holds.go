package streams

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/millstream-go/millstream/internal/commit"
)

// holds are the entries that were read and are not settled.
type holds struct {
	mu     sync.Mutex
	serial uint64
	ids    map[string]hold
	// settled are those that were removed since watch; nil when nobody watches.
	settled map[string]struct{}
}

// hold is one delivery of an entry to this consumer: which attempt, and a number
// that no other delivery here has.
type hold struct {
	attempt int
	serial  uint64
}

func newHolds() *holds { return &holds{ids: map[string]hold{}} }

// add adds entries and returns those that were not held before: an entry that is
// with a lane must not come to another one. One that was parked, or a later
// attempt, is news: it became due before the reply to its parking came.
func (h *holds) add(entries []commit.Entry) []commit.Entry {
	h.mu.Lock()
	defer h.mu.Unlock()
	fresh := entries[:0]
	for _, e := range entries {
		held, ok := h.ids[e.ID]
		if ok && held.attempt >= e.Attempt && e.Whence != commit.Parked {
			continue
		}
		h.serial++
		e.Serial = h.serial
		h.ids[e.ID] = hold{attempt: e.Attempt, serial: e.Serial}
		fresh = append(fresh, e)
	}
	clear(entries[len(fresh):])
	return fresh
}

// remove ends the holds of deliveries, but not those of later ones of the same
// entries.
func (h *holds) remove(deliveries []commit.Delivery) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range deliveries {
		d := &deliveries[i]
		if h.ids[d.ID].serial == d.Serial {
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
