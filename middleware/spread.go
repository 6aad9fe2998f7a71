package middleware

import (
	"math/rand/v2"
	"sync"
	"time"
)

// farthest is how far ahead messages are put aside one after the other; it bounds how
// late a token that nobody expected is made use of.
const farthest = time.Minute

// spread gives the messages of a key that are put aside times one after the other.
// Told the same wait, they would all come back for one token, and all but one would
// have been delivered in vain, again and again.
type spread struct {
	mu sync.Mutex
	// last is when the last message of a key comes back.
	last idling[time.Time]
}

// next returns for how long to put aside a message of key, which would have to wait
// so long for a token if there were no others.
func (s *spread) next(key string, wait time.Duration) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	due := now.Add(wait)
	if last := s.last.entries[key].Add(wait); last.After(due) {
		due = last
	}
	if most := max(farthest, 2*wait); due.Sub(now) > most {
		return wait + rand.N(most-wait)
	}
	s.last.add(key, due, func(last time.Time) bool { return last.Before(now) })
	// Other processes have messages of the key too.
	return due.Sub(now) + rand.N(wait/2+1)
}
