package pipeline_test

import (
	"context"
	"errors"
	"testing"

	wm "github.com/ThreeDotsLabs/watermill/message/router/middleware"

	"github.com/millstream-go/millstream/pipeline"
)

// Watermill's Retry knows nothing of handoffs.
func TestWhatAFailedAttemptPublishedIsDroppedWhateverRetriesIt(t *testing.T) {
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	side := pipeline.Source[int](p, "side")
	pipeline.Sink(side, "side-sink", discard)
	publisher, err := pipeline.NewPublisher(side, d)
	if err != nil {
		t.Fatal(err)
	}
	defer publisher.Close()
	calls := 0
	pipeline.Sink(numbers, "sink", func(ctx context.Context, n int) error {
		calls++
		if err := publisher.Publish(ctx, n); err != nil {
			return err
		}
		switch calls {
		case 1:
			return errors.New("a hiccup")
		case 2:
			panic("a fault")
		}
		return nil
	}, pipeline.Use(wm.Retry{MaxRetries: 5}.Middleware, wm.Recoverer))
	publish(t, numbers, d, 7)
	runUntilIdle(t, p, d)
	if got := payloads(t, d, side); calls != 3 || len(got) != 1 {
		t.Errorf("%d calls published %v, want one message", calls, got)
	}
}
