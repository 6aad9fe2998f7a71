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
func (s *subscription) awaitRoom(ctx context.Context, entryID string, outputs []handoff.Output) {
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
		if !errors.Is(err, ErrTopicFull) {
			return // what Redis has to say else, the commit will hear
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
