package pipeline_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
)

func TestAnotherProcessCanPublishIntoASource(t *testing.T) {
	t.Parallel()
	p, d, elsewhere := newPipeline(t), newDurable(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	out := pipeline.Stage(numbers, "same", same)
	// It knows the pipeline's name and the source, and no stages.
	publish(t, pipeline.Source[int](pipeline.New(p.Name()), "numbers"), elsewhere, 1, 2, 3)
	runUntilIdle(t, p, d)
	equal(t, "outputs", payloads(t, d, out), "1", "2", "3")
}

func TestAPublisherMayBeUsedConcurrently(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	publisher, err := pipeline.NewPublisher(numbers, d)
	if err != nil {
		t.Fatal(err)
	}
	var publishing sync.WaitGroup
	for range 8 {
		publishing.Go(func() {
			for range 50 {
				if err := publisher.Publish(t.Context(), 1, 2); err != nil {
					t.Error(err)
				}
			}
		})
	}
	publishing.Wait()
	if err := publisher.Close(); err != nil {
		t.Error(err)
	}
	ids := map[string]bool{}
	for _, msg := range d.messages(t, numbers.Topics()[0]) {
		ids[msg.UUID] = true
	}
	if len(ids) != 8*50*2 {
		t.Errorf("%d messages with ids of their own, want %d", len(ids), 8*50*2)
	}
}

func TestPublishingInAHandlerIsPartOfItsHandoff(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers, side := pipeline.Source[int](p, "numbers"), pipeline.Source[int](p, "side")
	publisher, err := pipeline.NewPublisher(side, d)
	if err != nil {
		t.Fatal(err)
	}
	defer publisher.Close()
	var late context.Context
	pipeline.Sink(numbers, "sink", func(ctx context.Context, n int) error {
		if err := publisher.Publish(ctx, n); err != nil {
			return err
		}
		if got := payloads(t, d, side); n == 1 && len(got) > 0 {
			t.Errorf("%v was published before the handler succeeded", got)
		}
		switch n {
		case 2:
			return pipeline.Permanent(errors.New("refused"))
		case 3:
			return pipeline.Skip
		case 4:
			late = ctx
		}
		return nil
	})
	publish(t, numbers, d, 1, 2, 3, 4)
	runUntilIdle(t, p, d)
	equal(t, "published on the side", payloads(t, d, side), "1", "4")
	if err := publisher.Publish(late, 5); err == nil {
		t.Error("publishing with a settled message's context succeeds")
	}
	equal(t, "published on the side", payloads(t, d, side), "1", "4")
}

func TestOnlySourcesCanBePublishedInto(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers, others := pipeline.Source[int](p, "numbers"), pipeline.Source[int](p, "others")
	for what, flow := range map[string]pipeline.Flow[int]{
		"a stage's output":        pipeline.Stage(numbers, "same", same),
		"a branch":                pipeline.NewBranch[int](p, "branch").Flow(),
		"a merge":                 pipeline.Merge(numbers, others),
		"the zero flow":           {},
		"a source without a name": pipeline.Source[int](p, ""),
		"a source without codec":  pipeline.Source[int](p, "mute", pipeline.WithCodec(nil)),
		"a source of nothing":     pipeline.Source[int](nil, "numbers"),
		"a pipeline with no name": pipeline.Source[int](pipeline.New(""), "numbers"),
	} {
		if _, err := pipeline.NewPublisher(flow, d); err == nil {
			t.Errorf("one can publish into %s", what)
		}
	}
}

// mute is a transport without publishers.
type mute struct{ pipeline.Transport }

func (mute) Publisher() (message.Publisher, error) { return nil, errRefused }

func TestATransportThatMakesNoPublisherIsReported(t *testing.T) {
	p := newPipeline(t)
	numbers := pipeline.Source[int](p, "numbers")
	pipeline.Sink(numbers, "sink", discard)
	if _, err := pipeline.NewPublisher(numbers, mute{}); !errors.Is(err, errRefused) {
		t.Errorf("NewPublisher: %v", err)
	}
	if err := p.Run(t.Context(), mute{}); !errors.Is(err, errRefused) {
		t.Errorf("Run: %v", err)
	}
}

func TestWhenOneValueCannotBeEncodedNothingIsPublished(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	anything := pipeline.Source[any](p, "anything")
	publisher, err := pipeline.NewPublisher(anything, d)
	if err != nil {
		t.Fatal(err)
	}
	defer publisher.Close()
	err = publisher.Publish(t.Context(), 1, make(chan int), 3)
	if err == nil || !strings.Contains(err.Error(), "value 2 of 3 cannot be encoded, nothing was published") {
		t.Errorf("Publish: %v", err)
	}
	if err := publisher.Publish(t.Context()); err != nil {
		t.Errorf("publishing nothing: %v", err)
	}
	equal(t, "published", payloads(t, d, anything))
}

func TestAClosedPublisherRefuses(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	publisher, err := pipeline.NewPublisher(numbers, d)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := publisher.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := publisher.Publish(t.Context(), 1); !errors.Is(err, streams.ErrClosed) {
		t.Errorf("Publish: %v, want %v", err, streams.ErrClosed)
	}
	equal(t, "published", payloads(t, d, numbers))
}
