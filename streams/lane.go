package streams

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/commit"
	"github.com/millstream-go/millstream/internal/handoff"
)

// lane delivers one message after the other until the subscription stops.
func (s *subscription) lane(ctx context.Context) {
	var t turn
	for {
		entry, ok := s.feed.next(&t)
		if !ok {
			return
		}
		for s.deliver(ctx, &entry) {
		}
	}
}

// deliver hands one entry to a handler and settles what comes of it. It returns
// true when the same entry is to be delivered again at once.
func (s *subscription) deliver(ctx context.Context, entry *commit.Entry) (again bool) {
	msg, err := decode(s.config.Marshaller, *entry)
	if err != nil {
		s.giveUp(ctx, entry, err)
		return false
	}
	msgCtx, h, cancel := handoff.NewContext(ctx, handoff.Delivery{
		Topic: s.group.Stream, Group: s.group.Group, ID: entry.ID, Attempt: entry.Attempt,
	}, s.domain)
	defer cancel()
	msg.SetContext(msgCtx)

	select {
	case s.out <- msg:
	case <-s.stopping:
		s.handBack(entry.ID, false)
		return false
	}
	select {
	case <-msg.Acked():
		return s.acked(entry, h.Settle())
	case <-msg.Nacked():
		h.Settle()
		return s.nacked(entry)
	case <-s.expired:
		h.Settle()
		s.handBack(entry.ID, true)
		s.log.Warn("a handler did not finish before the drain deadline, its message goes back to the group",
			"entry_id", entry.ID, "drain_timeout", s.config.DrainTimeout)
		return false
	}
}

func (s *subscription) acked(entry *commit.Entry, effects handoff.Effects) (again bool) {
	if effects.Park && s.config.Ordered {
		return s.waitInOrder(entry, effects.ParkFor)
	}
	s.committer.submit(entry, effects)
	return false
}

// nacked puts the message aside, or hands it back when the subscription stops.
func (s *subscription) nacked(entry *commit.Entry) (again bool) {
	if s.isStopping() {
		s.handBack(entry.ID, true)
		return false
	}
	delay := backoff(s.config.NackDelay, s.config.MaxNackDelay, entry.Attempt)
	s.log.Debug("message rejected, it comes again", "entry_id", entry.ID, "attempt", entry.Attempt, "delay", delay)
	if s.config.Ordered {
		return s.waitInOrder(entry, delay)
	}
	s.committer.submit(entry, handoff.Effects{Park: true, ParkFor: delay})
	return false
}

// waitInOrder holds the lane for the delay, so that nothing passes the entry.
func (s *subscription) waitInOrder(entry *commit.Entry, delay time.Duration) (again bool) {
	if !s.sleep(delay) {
		s.handBack(entry.ID, true)
		return false
	}
	entry.Attempt++
	return true
}

// giveUp moves an entry that cannot be decoded to the poison topic.
func (s *subscription) giveUp(ctx context.Context, entry *commit.Entry, reason error) {
	s.log.Error("entry cannot be decoded, it goes to the poison topic",
		"entry_id", entry.ID, "poison_topic", s.poison, "error", reason.Error())
	output, err := poisoned(s.config.Marshaller, s.poison, *entry, handoff.Poisoning{
		Reason: "the entry cannot be decoded: " + reason.Error(), Kind: handoff.KindMalformed,
		Pipeline: s.config.Pipeline, Handler: s.group.Group, Subscriber: "streams.Subscriber",
		Topic: s.group.Stream, EntryID: entry.ID, Attempts: entry.Attempt, FailedAt: time.Now(),
	})
	effects := handoff.Effects{Outputs: []handoff.Output{output}}
	if err == nil && !s.domain.together(s.group.Stream, s.poison) {
		// Out of the commit's reach, so it goes first.
		effects.Outputs = nil
		err = s.domain.client.XAdd(ctx, &redis.XAddArgs{Stream: s.poison, Values: output.Values}).Err()
	}
	if err != nil {
		s.log.Error("the poison message cannot be added, the entry is tried again later", "entry_id", entry.ID, "error", err.Error())
		effects = handoff.Effects{Park: true, ParkFor: s.config.MaxNackDelay}
	}
	s.committer.submit(entry, effects)
}
