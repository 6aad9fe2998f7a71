package middleware

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// MemoryStore is a [Store] in the memory of this process, for tests and for
// messages that only this process gets. Whoever makes it closes it after the router has
// ended, which waits for the last marks; there is nothing else behind it to close. What
// has ended is forgotten with the next call, so its size is that of what is
// remembered. Made by [NewMemoryStore]; its zero value works too.
type MemoryStore struct {
	deliveries Deliveries

	mu    sync.Mutex
	items map[string]*item
	// ending has the items that end, the first to do so in front.
	ending endings
}

// item is a lease, or without an owner a mark.
type item struct {
	key   string
	owner string
	done  bool
	// until is when it ends; zero never.
	until time.Time
	// place is where it is among those that end.
	place int
}

// NewMemoryStore returns an empty store.
func NewMemoryStore() *MemoryStore { return &MemoryStore{} }

// Deliveries implements [Store].
func (s *MemoryStore) Deliveries() *Deliveries {
	if s == nil {
		return nil
	}
	return &s.deliveries
}

// Close waits until the messages that [Dedup] has handled are marked, and refuses others
// from then on; see [Deliveries.Close]. What the store knows can still be asked for by
// Len.
func (s *MemoryStore) Close() error { return s.Deliveries().Close() }

// Acquire implements [Store]. It fails only when the store is closed.
func (s *MemoryStore) Acquire(_ context.Context, key, owner string, ttl time.Duration) (Lease, error) {
	if err := s.deliveries.Err(); err != nil {
		return Lease{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.forget()
	switch it := s.items[key]; {
	case it == nil:
		s.put(&item{key: key, owner: owner, until: now.Add(ttl)})
	case it.done:
		return Lease{State: Finished}, nil
	case it.owner != owner:
		return Lease{State: Taken, Left: it.until.Sub(now)}, nil
	default:
		s.prolong(it, now.Add(ttl))
	}
	return Lease{State: Granted}, nil
}

// Renew implements [Store]. It never fails.
func (s *MemoryStore) Renew(_ context.Context, key, owner string, ttl time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.forget()
	if it := s.items[key]; it != nil && !it.done && it.owner == owner {
		s.prolong(it, now.Add(ttl))
	}
	return nil
}

// Release implements [Store]. It never fails.
func (s *MemoryStore) Release(_ context.Context, key, owner string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	if it := s.items[key]; it != nil && !it.done && it.owner == owner {
		s.remove(it)
	}
	return nil
}

// Finish implements [Store]. It never fails.
func (s *MemoryStore) Finish(_ context.Context, key string, ttl time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.forget()
	if it := s.items[key]; it != nil {
		if it.done {
			return nil
		}
		s.remove(it)
	}
	mark := &item{key: key, done: true}
	if ttl > 0 {
		mark.until = now.Add(ttl)
	}
	s.put(mark)
	return nil
}

// Len returns how many leases and marks there are.
func (s *MemoryStore) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	return len(s.items)
}

// forget removes what has ended, and returns the time.
func (s *MemoryStore) forget() time.Time {
	now := time.Now()
	for len(s.ending) > 0 && !s.ending[0].until.After(now) {
		s.remove(s.ending[0])
	}
	return now
}

func (s *MemoryStore) put(it *item) {
	if s.items == nil {
		s.items = map[string]*item{}
	}
	s.items[it.key] = it
	if !it.until.IsZero() {
		heap.Push(&s.ending, it)
	}
}

func (s *MemoryStore) prolong(it *item, until time.Time) {
	it.until = until
	heap.Fix(&s.ending, it.place)
}

func (s *MemoryStore) remove(it *item) {
	delete(s.items, it.key)
	if !it.until.IsZero() {
		heap.Remove(&s.ending, it.place)
	}
}

// endings is a heap of items by when they end.
type endings []*item

func (e endings) Len() int           { return len(e) }
func (e endings) Less(i, j int) bool { return e[i].until.Before(e[j].until) }

func (e endings) Swap(i, j int) {
	e[i], e[j] = e[j], e[i]
	e[i].place, e[j].place = i, j
}

// Push implements [heap.Interface].
func (e *endings) Push(x any) {
	it := x.(*item)
	it.place = len(*e)
	*e = append(*e, it)
}

// Pop implements [heap.Interface].
func (e *endings) Pop() any {
	last := len(*e) - 1
	it := (*e)[last]
	(*e)[last] = nil
	*e = (*e)[:last]
	return it
}
