package streams

import (
	"context"
	"fmt"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/commit"
	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/internal/telemetry"
)

// giveUp moves an entry that cannot be decoded to the poison topic.
func (s *subscription) giveUp(entry *commit.Entry, reason error) {
	s.complain("entry cannot be decoded, it goes to the poison topic, with why", "entry_id", entry.ID, "attempt", entry.Attempt, "poison_topic", s.poison, "error_type", fmt.Sprintf("%T", reason))
	s.count.malformed.Add(1)
	msg := undecoded(*entry, s.poisoning(entry, handoff.KindMalformed, "the entry cannot be decoded: "+reason.Error()))
	// The error may quote what it could not read, which no log and no span should hold.
	s.recordGivenUp(msg, entry, handoff.KindMalformed, "the entry cannot be decoded", entry.Attempt)
	output, err := poisoned(s.config.Marshaller, s.poison, *entry, msg)
	s.poisonOr(entry, output, err)
}

// recordGivenUp makes a span of it, which the message goes on below.
func (s *subscription) recordGivenUp(msg *message.Message, entry *commit.Entry, kind, reason string, attempts int) {
	s.config.telemetry.GiveUp(context.Background(), msg, telemetry.GivenUp{
		Topic: s.group.Stream, Group: s.group.Group, Consumer: s.group.Consumer, EntryID: entry.ID,
		Attempt: attempts, Kind: kind, Reason: reason,
	})
}

// isHopeless reports whether an abandoned entry was begun on often enough, and
// then moves it to the poison topic: whoever begins on it once more may be the
// next to die of it.
func (s *subscription) isHopeless(ctx context.Context, entry *commit.Entry) bool {
	if s.config.MaxUnfinished < 0 {
		return false
	}
	// To note the first delivery of each message would cost too much. It did not
	// end, and stands for this one, which is noted and has not begun.
	begun := s.begin(ctx, entry)
	if begun < s.config.MaxUnfinished {
		return false
	}
	s.complain("message was begun on again and again and never finished: it goes to the poison topic, unhandled",
		"entry_id", entry.ID, "attempt", entry.Attempt, "poison_topic", s.poison, "unfinished", begun)
	s.count.unfinished.Add(1)
	p := s.poisoning(entry, handoff.KindUnfinished,
		fmt.Sprintf("delivered %d times and never finished: the process died or froze every time", begun))
	p.Attempts-- // this is none
	s.poisonOr(s.unfinishedOutput(entry, p))
	return true
}

// unfinishedOutput returns an entry that was never finished, as it is to be poisoned.
func (s *subscription) unfinishedOutput(entry *commit.Entry, p handoff.Poisoning) (*commit.Entry, handoff.Output, error) {
	const reason = "the process died or froze every time that it was delivered"
	msg, err := decode(s.config.Marshaller, *entry, nil)
	if err != nil {
		msg = undecoded(*entry, p)
		s.recordGivenUp(msg, entry, handoff.KindUnfinished, reason, p.Attempts)
		output, err := poisoned(s.config.Marshaller, s.poison, *entry, msg)
		return entry, output, err
	}
	s.recordGivenUp(msg, entry, handoff.KindUnfinished, reason, p.Attempts)
	p.Describe(msg.Metadata)
	output, err := toOutput(s.config.Marshaller, s.poison, msg)
	return entry, output, err
}

// begin notes that an abandoned entry is begun on and returns how often that was
// noted. Without an answer the handler waits: Redis is away, and what the handler
// did could not be committed anyway.
func (s *subscription) begin(ctx context.Context, entry *commit.Entry) int {
	for failures := 1; ; failures++ {
		n, err := s.group.Begin(ctx, entry.ID, entry.Attempt)
		if err == nil {
			return n
		}
		s.count.troubles.Add(1)
		// To handle a message may be what makes room in a full Redis.
		if commit.Refused(err) || redis.HasErrorPrefix(err, "OOM") {
			err = s.domain.explain(ctx, err, wanted{commit.UnfinishedKey(s.group.Stream, s.group.Group), "hash"})
			s.complain("the beginning of a run cannot be noted, so a message that kills its process is not found out", "entry_id", entry.ID, "attempt", entry.Attempt, "error", err)
			return 0
		}
		if !s.sleep(backoff(50*time.Millisecond, 2*time.Second, failures)) {
			return 0
		}
	}
}

// ended notes that a run came to an end which leaves its entry where it is: it
// did not kill its process. A run that is settled is noted with that.
func (s *subscription) ended(ctx context.Context, entry *commit.Entry) {
	if entry.Whence != commit.Abandoned || s.config.MaxUnfinished < 0 {
		return
	}
	if err := s.group.Finish(context.WithoutCancel(ctx), entry.ID); err != nil {
		s.count.troubles.Add(1)
		s.complain("the end of a run cannot be noted, so it counts as unfinished if the process dies", "entry_id", entry.ID, "attempt", entry.Attempt, "error", err)
	}
}

func (s *subscription) poisoning(entry *commit.Entry, kind, reason string) handoff.Poisoning {
	return handoff.Poisoning{
		Reason: reason, Kind: kind,
		Pipeline: s.config.Pipeline, Handler: s.group.Group, Subscriber: "streams.Subscriber",
		Topic: s.group.Stream, EntryID: entry.ID, Attempts: entry.Attempt, FailedAt: time.Now(),
	}
}

// poisonOr settles an entry with its poison message, or if there is none puts it
// aside: nothing is lost.
func (s *subscription) poisonOr(entry *commit.Entry, output handoff.Output, err error) {
	effects := handoff.Effects{Outputs: []handoff.Output{output}}
	if err != nil {
		s.complain("the poison message cannot be made, the entry is tried again later", "entry_id", entry.ID, "attempt", entry.Attempt, "error", err)
		effects = handoff.Effects{Park: true, Aside: handoff.Aside{For: s.config.MaxNackDelay}}
	}
	s.committer.submit(entry, effects)
}

// complain logs an error about a message, if it may: there may be thousands.
func (s *subscription) complain(text string, fields ...any) {
	if fields, ok := s.restraint.May(text, fields...); ok {
		s.log.Error(text, fields...)
	}
}
