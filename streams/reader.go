package streams

import (
	"context"
	"slices"
	"time"

	"github.com/millstream-go/millstream/internal/commit"
)

// blockTime is how long a read waits for something new. A blocked read cannot be
// called back, so it bounds how long stopping takes.
const blockTime = 200 * time.Millisecond

// read reads new entries ahead of the lanes until the subscription stops.
func (s *subscription) read(ctx context.Context) {
	trouble := s.newTrouble("reading")
	for {
		n, ok := s.feed.want()
		if !ok {
			return
		}
		// The lanes have asked and do not ask again: go on until they get something.
		for done := false; !done; {
			entries, err := s.fill(ctx, n)
			s.take(entries)
			if err != nil {
				s.lost.Store(true)
			}
			if !trouble.settle(ctx, err) {
				return
			}
			done = err == nil
		}
	}
}

// take takes charge of entries, passes them to the lanes, and returns how many
// were new.
func (s *subscription) take(entries []commit.Entry) int {
	entries = s.holds.add(entries)
	s.feed.put(entries)
	return len(entries)
}

// recover finds entries that were delivered to this consumer but whose reply was
// lost on the way, and returns how many.
func (s *subscription) recover(ctx context.Context) (found int, err error) {
	if !s.lost.Swap(false) {
		return 0, nil
	}
	inherit := s.isHeir()
	most := s.feed.bounded(100)
	for from, more := "-", true; more && !s.isStopping(); {
		s.holds.watch()
		entries, err := s.group.Held(ctx, from, most, inherit)
		if err != nil {
			s.holds.unknown(nil)
			return found, err
		}
		if more = len(entries) == most; more {
			// It comes again, and is held by then.
			from = entries[most-1].ID
		}
		entries = s.holds.unknown(entries)
		var deleted []string
		entries = slices.DeleteFunc(entries, func(e commit.Entry) bool {
			if len(e.Values) > 0 {
				return false
			}
			deleted = append(deleted, e.ID)
			return true
		})
		if err := s.group.Drop(ctx, deleted); err != nil {
			return found, err
		}
		s.noteVanished(len(deleted))
		if s.config.Ordered {
			// Another consumer may have taken over those that come before, and be at
			// work on them.
			if len(entries) > 0 {
				err = s.group.StandInLine(ctx, entries, inherit)
			}
			if err != nil {
				return found, err
			}
			continue
		}
		found += s.take(entries)
	}
	switch {
	case s.isStopping():
	case inherit:
		close(s.inherited)
		if found > 0 {
			s.count.reclaimed.Add(uint64(found))
			s.log.Info("took over messages of an earlier process of the same name", "messages", found)
		}
	case found > 0:
		s.count.recovered.Add(uint64(found))
		s.log.Info("found messages whose delivery was lost on the way", "messages", found)
	}
	return found, nil
}

// isHeir reports whether what is held in this consumer's name is still to be
// found: it was an earlier process's.
func (s *subscription) isHeir() bool {
	select {
	case <-s.inherited:
		return false
	default:
		return true
	}
}

// fill reads until there are entries, an error, or the subscription stops.
func (s *subscription) fill(ctx context.Context, n int) ([]commit.Entry, error) {
	for !s.isStopping() {
		if found, err := s.recover(ctx); found > 0 || err != nil {
			return nil, err
		}
		entries, err := s.readOnce(ctx, n)
		if len(entries) > 0 || err != nil {
			return entries, err
		}
	}
	return nil, nil
}

func (s *subscription) readOnce(ctx context.Context, n int) ([]commit.Entry, error) {
	if !s.config.Ordered {
		return s.group.Read(ctx, n, blockTime)
	}
	got, err := s.group.ReadOrdered(ctx, s.config.IdleTime, n)
	switch {
	case err != nil || len(got.Entries) > 0:
		s.noteTaken(got.Entries, got.Dropped)
		return got.Entries, err
	case got.Wait:
		s.sleep(min(s.config.IdleTime/4, 100*time.Millisecond))
		return nil, nil
	default:
		return nil, s.group.AwaitNew(ctx, got.After, blockTime)
	}
}
