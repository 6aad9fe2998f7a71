package pipeline_test

import (
	"context"
	"strings"
	"testing"

	"github.com/millstream-go/millstream/pipeline"
)

func TestStagesCanBeSplitOverProcesses(t *testing.T) {
	t.Parallel()
	d, name := newDurable(t), uniqueName(t)
	// Each process composes the pipeline for itself.
	compose := func(process string) (p *pipeline.Pipeline, in, out pipeline.Flow[string]) {
		p = pipeline.New(name, pipeline.Logger(quiet))
		sign := func(stage string) func(context.Context, string) (string, error) {
			return func(_ context.Context, s string) (string, error) { return s + " " + stage + "@" + process, nil }
		}
		in = pipeline.Source[string](p, "in")
		valid := pipeline.Stage(in, "validate", sign("validate"))
		charged := pipeline.Stage(valid, "charge", sign("charge"))
		return p, in, pipeline.Stage(charged, "ship", sign("ship"))
	}
	one, in, out := compose("one")
	two, _, _ := compose("two")
	stopOne := start(t, one, d, pipeline.Only("validate"), pipeline.Only("ship", "ship"))
	stopTwo := start(t, two, d, pipeline.Only("charge"))
	publish(t, in, d, "a", "b")
	awaitIdle(t, one, d)
	stopOne()
	stopTwo()
	equal(t, "outputs", payloads(t, d, out),
		`"a validate@one charge@two ship@one"`, `"b validate@one charge@two ship@one"`)
}

func TestWhatNoProcessRunsWaits(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	in := pipeline.Source[int](p, "in")
	half := pipeline.Stage(in, "half", same)
	out := pipeline.Stage(half, "rest", same)
	publish(t, in, d, 1, 2)
	stop := start(t, p, d, pipeline.Only("half"))
	await(t, "the first half", func() bool { return len(payloads(t, d, half)) == 2 })
	stop()
	equal(t, "outputs", payloads(t, d, out))
	runUntilIdle(t, p, d)
	equal(t, "outputs", payloads(t, d, out), "1", "2")
}

func TestOnlyRefusesStagesThatThereAreNot(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	pipeline.Sink(pipeline.Source[int](p, "in"), "out", discard)
	for _, name := range []string{"in", "charge", ""} {
		err := p.Run(t.Context(), d, pipeline.Only("out", name))
		if err == nil || !strings.Contains(err.Error(), `"`+name+`"`) || !strings.Contains(err.Error(), "no such stage") {
			t.Errorf("Only(%q): %v", name, err)
		}
	}
	if keys := d.client.Keys(t.Context(), "{"+p.Name()+"}*").Val(); len(keys) > 0 {
		t.Errorf("keys were made: %v", keys)
	}
}
