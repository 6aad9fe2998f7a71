package flow

import (
	"context"
	"fmt"

	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/tasks/internal/task"
)

// replayPage is how many events are read at once.
const replayPage = 500

// Replay calls apply with all events of a topic up to now, in order. It takes nothing from
// any group: reading a stream needs none. The error wraps task.ErrNoHistory if one is
// missing that was before another, and task.ErrUnreadable if Redis fails.
func Replay(ctx context.Context, client redis.UniversalClient, topic string, apply func([]task.Event) error) error {
	next := int64(1)
	for after := "0-0"; ; {
		entries, err := client.XRangeN(ctx, topic, "("+after, "+", replayPage).Result()
		if err != nil {
			return fmt.Errorf("%w: stream %s: %w", task.ErrUnreadable, topic, err)
		}
		events := make([]task.Event, 0, len(entries))
		for _, entry := range entries {
			after = entry.ID
			e, ok := read(entry)
			if !ok {
				continue // the pipeline has it in its poison topic
			}
			if e.Number > next {
				return fmt.Errorf("%w: in the stream %s comes number %d after number %d", task.ErrNoHistory, topic, e.Number, next-1)
			}
			next = max(next, e.Number+1)
			events = append(events, e)
		}
		if err := apply(events); err != nil {
			return err
		}
		if len(entries) < replayPage {
			return nil
		}
	}
}

func read(entry redis.XMessage) (task.Event, bool) {
	msg, err := redisstream.DefaultMarshallerUnmarshaller{}.Unmarshal(entry.Values)
	if err != nil {
		return task.Event{}, false
	}
	e, err := task.ParseEvent(msg.Payload)
	return e, err == nil
}
