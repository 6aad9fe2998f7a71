package streams

import (
	"context"
	"errors"
	"log/slog"

	"github.com/millstream-go/millstream/internal/commit"
	"github.com/millstream-go/millstream/internal/handoff"
)

// What is said of messages.
const (
	saidDuplicate   = "message is a duplicate, its outputs are dropped"
	saidUnconfirmed = "message was settled before, by the commit whose reply was lost or by another consumer"
	saidFenced      = "message was taken over by another consumer, trimmed away, or forgotten with its consumer by XGROUP DELCONSUMER: the outputs of this run are dropped"
	saidGroupGone   = "the consumer group was gone, the outputs of this run are dropped and its message may come again"
	saidFailed      = "an output could not be added, the message is put aside"
	saidRefused     = "commit refused, the message is put aside"
)

// report counts and says what became of a batch, and sets the alarm for what was
// parked.
func (c *committer) report(ctx context.Context, batch []commit.Delivery, results []commit.Result, repeated bool) {
	var parked, committed, duplicates uint64
	count := c.sub.count
	for i, result := range results {
		d := &batch[i]
		switch result.Outcome {
		case commit.Done:
			if d.Effects.Park {
				parked++
				c.sub.parked.ring(d.Effects.For)
				continue
			}
			if d.Effects.Duplicate {
				duplicates++
				c.say(slog.LevelInfo, saidDuplicate, d)
				continue
			}
			committed++
		case commit.Duplicate:
			duplicates++
			d.Effects.Tell(handoff.Duplicated, nil)
			c.say(slog.LevelInfo, saidDuplicate, d)
		case commit.Fenced:
			if repeated || d.Repeated {
				count.unconfirmed.Add(1)
				d.Effects.Tell(handoff.Unconfirmed, nil)
				c.say(slog.LevelInfo, saidUnconfirmed, d)
				continue
			}
			count.fenced.Add(1)
			d.Effects.Tell(handoff.Fenced, nil)
			c.say(slog.LevelWarn, saidFenced, d)
		case commit.GroupGone:
			count.orphaned.Add(1)
			d.Effects.Tell(handoff.Orphaned, nil)
			c.say(slog.LevelError, saidGroupGone, d)
		case commit.Failed:
			parked++
			count.refused.Add(1)
			d.Effects.Tell(handoff.Refused, result.Err)
			c.failed(ctx, d, result.Err)
		}
	}
	count.parked.Add(parked)
	count.committed.Add(committed)
	count.duplicates.Add(duplicates)
	if t := c.sub.trimmer; t != nil && committed+duplicates > 0 {
		t.finished.Store(true)
	}
}

// failed says that an output was refused, and what its key is instead.
func (c *committer) failed(ctx context.Context, d *commit.Delivery, err error) {
	delay := commit.FailureDelayOf(d.Attempt)
	c.sub.parked.ring(delay)
	fields, ok := c.sub.restraint.May(saidFailed, "entry_id", d.ID, "attempt", d.Attempt, "delay", delay)
	if !ok {
		return
	}
	if at, ok := errors.AsType[*commit.KeyError](err); ok {
		err = c.sub.domain.explain(ctx, err, wanted{at.Key, c.kindOf(at.Key)})
	}
	c.sub.log.ErrorContext(d.Effects.Context(), saidFailed, append(fields, "error", err)...)
}

// kindOf returns the type that a key of the commit should have.
func (c *committer) kindOf(key string) string {
	if key == commit.ParkingKey(c.sub.group.Stream, c.sub.group.Group) {
		return "zset"
	}
	return "stream"
}

// say says something of a message, if it may.
func (c *committer) say(level slog.Level, text string, d *commit.Delivery, fields ...any) {
	if fields, ok := c.sub.restraint.May(text, append([]any{"entry_id", d.ID, "attempt", d.Attempt}, fields...)...); ok {
		c.sub.log.Log(d.Effects.Context(), level, text, fields...)
	}
}
