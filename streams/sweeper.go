package streams

import (
	"context"
	"math/rand/v2"
)

// sweep removes consumers of the group that are long gone and hold nothing, from
// time to time, until the subscription stops; each time it shows that this one is
// there, twice at least before others may think otherwise. What a dead one holds is
// taken over first. One that is alive after all is made anew by its next read.
func (s *subscription) sweep(ctx context.Context) {
	trouble := s.newTrouble("sweeping")
	every := s.config.ForgetAfter / 4
	for s.sleep(every + rand.N(every)) {
		n, err := s.group.Sweep(ctx, s.config.ForgetAfter)
		if !trouble.settle(ctx, err) {
			return
		}
		if n > 0 {
			s.count.swept.Add(uint64(n))
			s.log.Info("removed consumers that are long gone", "consumers", n, "silent_for", s.config.ForgetAfter)
		}
	}
}
