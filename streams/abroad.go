package streams

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/millstream-go/millstream/internal/commit"
	"github.com/millstream-go/millstream/internal/handoff"
)

// abroadTTL is how long an output that is out of the commit's reach is known to be
// published: as long as the same delivery may be run again.
const abroadTTL = 24 * time.Hour

// publishAbroad publishes the outputs of deliveries whose topics are in another
// slot than the input, where the commit cannot reach them, and takes them out of
// the batch. What cannot be published is put aside with its message, so that a
// server that is away holds up nothing else.
func (s *subscription) publishAbroad(ctx context.Context, batch []commit.Delivery) {
	home := commit.HashTag(s.group.Stream)
	isAbroad := func(o handoff.Output) bool { return commit.HashTag(o.Topic) != home }
	away := map[string]error{} // by hash tag
	for i := range batch {
		d := &batch[i]
		if !slices.ContainsFunc(d.Effects.Outputs, isAbroad) {
			continue
		}
		if err := s.publishEach(ctx, d, isAbroad, away); err != nil {
			delay := commit.FailureDelayOf(d.Attempt)
			s.count.refused.Add(1)
			s.complain("an output for another slot could not be added, the message is put aside",
				"entry_id", d.ID, "attempt", d.Attempt, "delay", delay, "error", err)
			d.Effects = handoff.Effects{Park: true, Aside: handoff.Aside{For: delay}}
			continue
		}
		d.Effects.Outputs = slices.DeleteFunc(d.Effects.Outputs, isAbroad)
	}
}

// publishEach publishes the outputs of one delivery that are abroad. Each has a key
// made of its input and its place among the outputs, so that a run that is repeated
// adds nothing twice; with a mark, of that, so that a duplicate adds nothing either.
func (s *subscription) publishEach(ctx context.Context, d *commit.Delivery, isAbroad func(handoff.Output) bool, away map[string]error) error {
	input, ttl := s.group.Stream+":"+s.group.Group+":"+d.ID, abroadTTL
	if len(d.Effects.Marks) > 0 {
		mark := d.Effects.Marks[0]
		input = s.group.Stream + ":" + s.group.Group + ":mark:" + mark.Key
		// When the mark is over, a message with its key is none that is repeated.
		if mark.TTL > 0 {
			ttl = min(ttl, mark.TTL)
		}
	}
	for n, o := range d.Effects.Outputs {
		if !isAbroad(o) {
			continue
		}
		tag := commit.HashTag(o.Topic)
		if err := away[tag]; err != nil {
			return err
		}
		once := handoff.Mark{Key: fmt.Sprintf("%s:%d", input, n), TTL: ttl}
		if o.Once.Key != "" { // which the same run has again, too
			once = o.Once
		}
		message := commit.Message{Key: once.Key, Values: o.Values, Size: o.Size}
		if err := commit.PublishOnce(ctx, s.domain.client, o.Topic, once.TTL, []commit.Message{message}); err != nil {
			if !commit.Refused(err) {
				away[tag] = err
				lookAround(ctx, s.domain.client, err)
			}
			return err
		}
	}
	return nil
}
