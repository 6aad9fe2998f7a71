package streams

import (
	"context"

	"github.com/millstream-go/millstream/internal/commit"
	"github.com/millstream-go/millstream/internal/handoff"
)

// lane delivers one message after the other until the subscription stops.
func (s *subscription) lane(ctx context.Context) {
	var t turn
	var entry commit.Entry // one for all: nobody keeps the pointer
	for {
		var ok bool
		if entry, ok = s.feed.next(&t); !ok {
			return
		}
		for s.deliver(ctx, &entry) {
		}
	}
}

// deliver hands one entry to a handler and settles what comes of it. It returns
// true when the same entry is to be delivered again at once.
func (s *subscription) deliver(ctx context.Context, entry *commit.Entry) (again bool) {
	if entry.Whence == commit.Abandoned {
		leave, ok := s.alone(entry)
		if !ok {
			s.handBack(entry.ID, false)
			return false
		}
		defer leave()
		if s.isHopeless(ctx, entry) {
			return false
		}
	}
	var carried handoff.Carried
	apart := &carried
	if !s.config.carry {
		apart = nil
	}
	msg, err := decode(s.config.Marshaller, *entry, apart)
	if err != nil {
		s.giveUp(entry, err)
		return false
	}
	if wait, err := untilDue(msg, entry.ID); err != nil {
		s.giveUp(entry, err)
		return false
	} else if wait > 0 {
		s.log.Debug("message has a delay, it is put aside", "entry_id", entry.ID, "attempt", entry.Attempt, "delay", wait)
		s.committer.submit(entry, handoff.Effects{Park: true, Aside: handoff.Aside{For: wait, Uncounted: true}})
		return false
	}
	msgCtx := handoff.NewContext(ctx, handoff.Delivery{
		Topic: s.group.Stream, Group: s.group.Group, ID: entry.ID, Consumer: s.group.Consumer, Attempt: entry.Attempt,
		History: entry.History, Stopping: s.stopping, Carried: carried,
	}, s.domain)
	defer msgCtx.End()
	h := &msgCtx.Handoff
	msg.SetContext(msgCtx)

	select {
	case s.out <- msg:
		s.count.delivered.Add(1)
		s.count.inFlight.Add(1)
	case <-s.stopping:
		s.handBack(entry.ID, false)
		return false
	}
	select {
	case <-msg.Acked():
		s.count.inFlight.Add(-1)
		return s.acked(ctx, entry, h.Settle())
	case <-msg.Nacked():
		s.count.inFlight.Add(-1)
		if effects := h.Settle(); effects.Park {
			// What is put aside is not acknowledged, so to reject it fits.
			return s.acked(ctx, entry, effects)
		}
		return s.nacked(ctx, entry)
	case <-s.expired:
		s.count.inFlight.Add(-1)
		effects := h.Settle()
		s.handBack(entry.ID, true)
		s.log.WarnContext(effects.Context(), "a handler did not finish before the drain deadline, its message goes back to the group",
			"entry_id", entry.ID, "attempt", entry.Attempt, "drain_timeout", s.config.DrainTimeout)
		return false
	}
}

func (s *subscription) acked(ctx context.Context, entry *commit.Entry, effects handoff.Effects) (again bool) {
	if effects.Park && effects.For <= 0 {
		// Nothing may run again and again without a pause.
		effects.For = backoff(s.config.NackDelay, s.config.MaxNackDelay, entry.Attempt)
	}
	if effects.Park && s.config.Ordered {
		return s.waitInOrder(ctx, entry, effects.Aside)
	}
	s.awaitRoom(entry.ID, effects.Outputs)
	s.committer.submit(entry, effects)
	return false
}

// nacked puts the message aside, or hands it back when the subscription stops.
func (s *subscription) nacked(ctx context.Context, entry *commit.Entry) (again bool) {
	s.count.nacked.Add(1)
	if s.isStopping() {
		s.ended(ctx, entry)
		s.handBack(entry.ID, true)
		return false
	}
	delay := backoff(s.config.NackDelay, s.config.MaxNackDelay, entry.Attempt)
	s.log.Debug("message rejected, it comes again", "entry_id", entry.ID, "attempt", entry.Attempt, "delay", delay)
	if s.config.Ordered {
		return s.waitInOrder(ctx, entry, handoff.Aside{For: delay})
	}
	s.committer.submit(entry, handoff.Effects{Park: true, Aside: handoff.Aside{For: delay}})
	return false
}

// waitInOrder holds the lane for the delay, so that nothing passes the entry.
func (s *subscription) waitInOrder(ctx context.Context, entry *commit.Entry, aside handoff.Aside) (again bool) {
	s.ended(ctx, entry)
	if aside.Failures > 0 {
		entry.History = aside.History
	}
	waited := s.sleep(aside.For)
	if waited && !aside.Uncounted {
		entry.Attempt++
	}
	if waited || aside.Failures > 0 {
		s.note(ctx, entry, aside.History)
	}
	if !waited {
		s.handBack(entry.ID, !aside.Uncounted)
		return false
	}
	entry.Whence = commit.Own
	return true
}

// note tells Redis which attempt at an entry this consumer is at, and the history of
// its handler.
func (s *subscription) note(ctx context.Context, entry *commit.Entry, history handoff.History) {
	if err := s.group.Again(context.WithoutCancel(ctx), entry.ID, entry.Attempt, history); err != nil {
		s.count.troubles.Add(1)
		s.complain("a delivery cannot be counted, the attempt will be too low if the process dies",
			"entry_id", entry.ID, "attempt", entry.Attempt, "error", err)
	}
}
