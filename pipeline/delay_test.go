package pipeline_test

import (
	"context"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/components/delay"

	"github.com/millstream-go/millstream/pipeline"
)

func TestAValuePublishedWithADelayComesWhenItIsTime(t *testing.T) {
	t.Parallel()
	p, transport := newPipeline(t), newDurable(t)
	in := pipeline.Source[string](p, "in")
	type arrival struct {
		value   string
		at      time.Time
		attempt int
	}
	arrivals := make(chan arrival, 2)
	pipeline.Sink(in, "sink", func(ctx context.Context, v string) error {
		arrivals <- arrival{v, time.Now(), pipeline.Attempt(ctx)}
		return nil
	})
	publisher, err := pipeline.NewPublisher(in, transport)
	if err != nil {
		t.Fatal(err)
	}
	defer publisher.Close()
	const wait = 700 * time.Millisecond
	published := time.Now()
	if err := publisher.Publish(delay.WithContext(t.Context(), delay.For(wait)), "later"); err != nil {
		t.Fatal(err)
	}
	if err := publisher.Publish(t.Context(), "now"); err != nil {
		t.Fatal(err)
	}
	runUntilIdle(t, p, transport)
	first, second := <-arrivals, <-arrivals
	if first.value != "now" || second.value != "later" {
		t.Errorf("%q came before %q", first.value, second.value)
	}
	if got := second.at.Sub(published); got < wait-10*time.Millisecond {
		t.Errorf("it came after %v, before its time", got)
	}
	if second.attempt != 1 {
		t.Errorf("it came as attempt %d: to be put aside is none", second.attempt)
	}
}
