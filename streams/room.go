package streams

import (
	"context"
	"errors"
	"time"

	"github.com/millstream-go/millstream/internal/handoff"
)

// roomPatience is how long a finished message waits for room in the topics of its
// outputs. It goes ahead then, for the topic may be one that only fills because
// this message waits: a loop.
const roomPatience = time.Minute

// awaitRoom holds a lane while a topic that its message's outputs go to is full:
// so a stage that does not keep up slows down those before it. Finished work is
// not undone for it.
func (s *subscription) awaitRoom(entryID string, outputs []handoff.Output) {
	ctx := untilExpired{context.Background(), s.expired}
	for i := range outputs {
		if outputs[i].Limit > 0 {
			s.awaitRoomIn(ctx, entryID, &outputs[i])
		}
	}
}

func (s *subscription) awaitRoomIn(ctx context.Context, entryID string, output *handoff.Output) {
	const look = lengthFresh + 10*time.Millisecond
	for began, waited := time.Now(), false; ; {
		err := s.lengths.reserve(ctx, output.Topic, output.Limit, 1)
		if err == nil || ctx.Err() != nil {
			return
		}
		if !errors.Is(err, ErrTopicFull) {
			s.full.say(s.log, "the length of a topic is not known, its bound does not hold", "output_topic", output.Topic,
				"error", s.domain.explain(ctx, err, wanted{output.Topic, "stream"}))
			return // whether it can be added to, the commit will hear
		}
		if !waited {
			waited = true
			s.count.blocked.Add(1)
			s.full.say(s.log, "finished messages wait for room in a topic of their outputs", "entry_id", entryID, "output_topic", output.Topic, "error", err)
		}
		if time.Since(began) > roomPatience || !s.sleep(look) {
			return
		}
	}
}

// untilExpired is a context that ends at the drain deadline. It is made for each
// message, so it starts nothing that must be stopped.
type untilExpired struct {
	context.Context
	expired <-chan struct{}
}

func (c untilExpired) Done() <-chan struct{} { return c.expired }

func (c untilExpired) Err() error {
	select {
	case <-c.expired:
		return context.Canceled
	default:
		return nil
	}
}
