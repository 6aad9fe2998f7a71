package streams

import (
	"context"
	"time"

	"github.com/millstream-go/millstream/internal/commit"
)

// claimEvery is how often to look for what other processes parked or handed back.
const claimEvery = time.Second

// claim takes over parked entries when they are due, those that leaving consumers
// handed back, and those of consumers that fell silent, until the subscription
// stops. An ordered reader takes over all but the parked ones itself, in their place.
func (s *subscription) claim(ctx context.Context) {
	trouble := s.newTrouble("claiming")
	cursor := "-"
	var search time.Time // when to begin looking for idle entries again
	for {
		s.parked.clear()
		c := commit.Claim{Idle: -1, HandedBack: !s.config.Ordered, Count: s.feed.share(), Cursor: cursor}
		searching := !s.config.Ordered && (cursor != "-" || !time.Now().Before(search))
		if searching {
			c.Idle = s.config.IdleTime
		}
		claimed, err := s.group.Claim(ctx, c)
		if err != nil {
			s.lost.Store(true)
		}
		if !trouble.settle(ctx, err) {
			return
		}
		if err != nil {
			continue
		}
		if searching {
			if cursor = claimed.Cursor; cursor == "-" {
				search = time.Now().Add(s.config.IdleTime / 2)
			}
		}
		s.take(claimed.Entries)
		wait := min(s.config.IdleTime/2, claimEvery)
		if claimed.Due >= 0 {
			wait = min(wait, claimed.Due)
		}
		if len(claimed.Entries) == c.Count || cursor != "-" {
			wait = 0
		}
		if !s.parked.wait(wait, s.stopping) {
			return
		}
	}
}
