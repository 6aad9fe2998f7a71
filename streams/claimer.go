package streams

import (
	"context"
	"errors"
	"time"

	"github.com/millstream-go/millstream/internal/commit"
)

// claimEvery is how often to look for what other processes parked or handed back.
const claimEvery = time.Second

// claim takes over parked entries when they are due, those that leaving consumers
// handed back, and those of consumers that fell silent, until the subscription
// stops. An ordered reader takes over all but the parked ones itself, in their place.
func (s *subscription) claim(ctx context.Context) {
	select {
	case <-s.inherited:
	case <-s.stopping:
		return
	}
	trouble := s.newTrouble("claiming")
	cursor, unset := "-", ""
	othersFirst := false
	var search time.Time // when to begin looking for idle entries again
	for {
		n, ok := s.feed.share()
		if !ok {
			return
		}
		s.parked.clear()
		c := commit.Claim{Idle: -1, HandedBack: !s.config.Ordered, Count: n, Cursor: cursor, Unset: unset, OthersFirst: othersFirst}
		othersFirst = !othersFirst
		searching := !s.config.Ordered && (cursor != "-" || !time.Now().Before(search))
		if searching {
			c.Idle = s.config.IdleTime
		}
		claimed, err := s.group.Claim(ctx, c)
		_, partly := errors.AsType[*commit.KeyError](err)
		if err == nil || partly {
			if searching {
				unset = claimed.Unset
				if cursor = claimed.Cursor; cursor == "-" {
					search = time.Now().Add(s.config.IdleTime / 2)
				}
			}
			s.noteTaken(claimed.Entries, claimed.Dropped)
			s.take(claimed.Entries)
		} else {
			s.lost.Store(true)
		}
		if partly && len(claimed.Entries) > 0 {
			continue // there may be more; it is trouble once there is not
		}
		if !trouble.settle(ctx, err) {
			return
		}
		if err != nil {
			continue
		}
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

// noteTaken counts entries that came from elsewhere than new from the stream, and
// those that were dropped because they are gone.
func (s *subscription) noteTaken(entries []commit.Entry, dropped int) {
	abandoned := 0
	for i := range entries {
		switch entries[i].Whence {
		case commit.Parked:
			s.count.resumed.Add(1)
		case commit.Abandoned:
			abandoned++
		case commit.Fresh, commit.HandedBack, commit.Own:
		}
	}
	if abandoned > 0 {
		s.count.reclaimed.Add(uint64(abandoned))
		const text = "took over messages of consumers that fell silent"
		if fields, ok := s.restraint.May(text, "messages", abandoned, "idle_time", s.config.IdleTime); ok {
			s.log.Info(text, fields...)
		}
	}
	s.noteVanished(dropped)
}

func (s *subscription) noteVanished(n int) {
	if n > 0 {
		s.count.vanished.Add(uint64(n))
		const text = "entries were deleted from the stream while they were pending, and are given up"
		if fields, ok := s.restraint.May(text, "messages", n); ok {
			s.log.Warn(text, fields...)
		}
	}
}
