package pipeline_test

import (
	"context"
	"errors"
	"testing"

	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
)

// Nothing takes from a poison topic: with a bound it would be full for ever, and
// every further poisoned message would hold up its stage.
func TestABoundOnTopicsDoesNotHoldUpPoisonedMessages(t *testing.T) {
	t.Parallel()
	const limit, rounds, each = 20, 6, 5
	d := durableWith(t, streams.Config{MaxLen: limit, Trim: &streams.Trim{}})
	p := newPipeline(t)
	source := pipeline.Source[int](p, "in")
	handled := make(chan int, rounds*each)
	pipeline.Sink(source, "stage", func(_ context.Context, n int) error {
		if n >= 0 {
			return pipeline.Permanent(errors.New("a bad one"))
		}
		handled <- n
		return nil
	})
	stop := start(t, p, d)
	defer stop()
	for i := range rounds {
		publish(t, source, d, 1, 2, 3, 4, 5)
		await(t, "poisoned messages are held up", func() bool { return len(d.poison(t, p)) == (i+1)*each })
		await(t, "what is finished is not trimmed", func() bool { return len(d.messages(t, source.Topics()[0])) == 0 })
	}
	publish(t, source, d, -1)
	receive(t, "the stage does not go on", handled)
	for _, s := range d.Stats() {
		if s.Blocked != 0 {
			t.Errorf("%d messages waited for room", s.Blocked)
		}
	}
}
