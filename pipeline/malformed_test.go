package pipeline_test

import (
	"context"
	"errors"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/pipeline"
)

// publishRaw publishes payloads into a topic as they are.
func publishRaw(t *testing.T, d durable, topic string, messages ...*message.Message) {
	t.Helper()
	publisher, err := d.Publisher()
	if err != nil {
		t.Fatal(err)
	}
	defer publisher.Close()
	if err := publisher.Publish(topic, messages...); err != nil {
		t.Fatal(err)
	}
}

func TestEveryKindOfStagePoisonsWhatItCannotDecode(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	branch := pipeline.NewBranch[int](p, "branch")
	errCalled := pipeline.Permanent(errors.New("the handler was called"))
	pipeline.Stage(numbers, "stage", func(context.Context, int) (int, error) { return 0, errCalled })
	pipeline.Expand(numbers, "expand", func(context.Context, int) ([]int, error) { return nil, errCalled })
	pipeline.Route(numbers, "route", func(context.Context, int) (pipeline.Routed, error) {
		return pipeline.Routed{}, errCalled
	}, pipeline.Branches(branch))
	pipeline.Sink(numbers, "sink", func(context.Context, int) error { return errCalled })
	publishRaw(t, d, numbers.Topics()[0], message.NewMessage("id", []byte("1 2")))
	runUntilIdle(t, p, d)
	poisoned := map[string]string{}
	for _, msg := range d.poison(t, p) {
		poisoned[msg.Metadata[pipeline.PoisonHandler]] = msg.Metadata[pipeline.PoisonKind] + " " + string(msg.Payload)
	}
	for _, stage := range []string{"stage", "expand", "route", "sink"} {
		if got := poisoned[stage]; got != "malformed 1 2" {
			t.Errorf("stage %s: poisoned %q", stage, got)
		}
	}
}

func TestARoutedValueThatCannotBeEncodedIsPoisoned(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	branch := pipeline.NewBranch[func()](p, "branch")
	pipeline.Route(numbers, "route", func(context.Context, int) (pipeline.Routed, error) {
		return branch.To(func() {}), nil
	}, pipeline.Branches(branch))
	publish(t, numbers, d, 1)
	runUntilIdle(t, p, d)
	expectPoison(t, d, p, pipeline.KindPermanent, "the output, a func(), cannot be encoded", "1")
}

func TestAMessageWithoutAnIDLeadsToOutputsWithIDs(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	out := pipeline.Stage(numbers, "stage", same)
	publishRaw(t, d, numbers.Topics()[0], message.NewMessage("", []byte("1")), message.NewMessage("", []byte("2")))
	runUntilIdle(t, p, d)
	got := d.messages(t, out.Topics()[0])
	if len(got) != 2 || got[0].UUID == "" || got[1].UUID == "" || got[0].UUID == got[1].UUID {
		t.Errorf("outputs %v", got)
	}
}
