package pipeline_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"

	"github.com/millstream-go/millstream/pipeline"
)

// faulty graphs, each with what the error says about it.
var faulty = map[string]struct {
	compose func(p *pipeline.Pipeline)
	faults  []string
}{
	"nothing": {
		compose: func(*pipeline.Pipeline) {},
		faults:  []string{"there are no stages"},
	},
	"no names": {
		compose: func(p *pipeline.Pipeline) {
			pipeline.Sink(pipeline.Source[int](p, ""), "", discard)
		},
		faults: []string{"a source has no name", "a stage has no name"},
	},
	"names that do not make keys": {
		compose: func(p *pipeline.Pipeline) {
			pipeline.Sink(pipeline.Source[int](p, "a:b"), "c d", discard)
			pipeline.Sink(pipeline.NewBranch[int](p, "{e}").Flow(), "poison", discard)
		},
		faults: []string{
			`source name "a:b": use letters`, `stage name "c d": use`, `branch name "{e}": use`,
			`stage name "poison" is taken by the poison topic`, `branch "{e}" belongs to no route`,
		},
	},
	"names used twice": {
		compose: func(p *pipeline.Pipeline) {
			in := pipeline.Source[int](p, "in")
			pipeline.Stage(in, "in", same)
			pipeline.Sink(in, "out", discard)
			pipeline.Stage(in, "out", same)
			branch := pipeline.NewBranch[int](p, "out")
			pipeline.Route(in, "route", func(context.Context, int) (pipeline.Routed, error) { return branch.To(1), nil }, pipeline.Branches(branch))
		},
		// Three have the name "out".
		faults: []string{`name "in" is used twice`, `name "out" is used twice`, `name "out" is used twice`},
	},
	"impossible settings": {
		compose: func(p *pipeline.Pipeline) {
			in := pipeline.Source[int](p, "in", pipeline.WithCodec(nil))
			pipeline.Sink(in, "idle", discard, pipeline.Concurrency(0))
			pipeline.Sink(in, "both", discard, pipeline.Ordered(), pipeline.Concurrency(2))
			pipeline.Sink(in, "never", discard, pipeline.MaxAttempts(-1))
			pipeline.Sink(in, "wrapped", discard, pipeline.Use(nil))
			pipeline.Sink(in, "unchanged", discard, pipeline.Chain(nil))
			pipeline.Sink(in, "nothing", discard, nil)
			pipeline.Stage(in, "mute", same, pipeline.WithCodec(nil))
		},
		faults: []string{
			`flow "in": the codec is nil`, `stage "idle": a Concurrency of 0`,
			`stage "both" is Ordered, one message at a time, but has a Concurrency of 2`,
			`stage "never": MaxAttempts of -1`, `stage "wrapped": a middleware in Use is nil`,
			`stage "unchanged": the function given to Chain is nil`,
			`stage "nothing": an option is nil`, `flow "mute": the codec is nil`,
		},
	},
	"nil handlers": {
		compose: func(p *pipeline.Pipeline) {
			in := pipeline.Source[int](p, "in", nil)
			branch := pipeline.NewBranch[int](p, "branch", nil)
			pipeline.Stage[int, int](in, "stage", nil)
			pipeline.Expand[int, int](in, "expand", nil)
			pipeline.Route(in, "route", nil, pipeline.Branches(branch))
			pipeline.Sink(in, "sink", nil)
		},
		faults: []string{
			`stage "stage": the handler is nil`, `stage "expand": the handler is nil`,
			`route "route": the handler is nil`, `sink "sink": the handler is nil`,
			`source "in": an option is nil`, `source "branch": an option is nil`,
		},
	},
	"branches": {
		compose: func(p *pipeline.Pipeline) {
			in := pipeline.Source[int](p, "in")
			decide := func(context.Context, int) (pipeline.Routed, error) { return pipeline.Routed{}, nil }
			twice, strange := pipeline.NewBranch[int](p, "twice"), pipeline.NewBranch[int](pipeline.New("other"), "strange")
			pipeline.NewBranch[int](p, "loose")
			pipeline.Route(in, "none", decide, nil)
			pipeline.Route(in, "one", decide, pipeline.Branches(twice, nil, pipeline.Branch[string]{}))
			pipeline.Route(in, "two", decide, pipeline.Branches(twice, strange))
		},
		faults: []string{
			`route "none" has no branches`, `route "one": a branch is nil`, `route "one": a branch is nil`, `branch "loose" belongs to no route`,
			`branch "twice" is given twice, to "one" and to "two"`, `route "two": branch "strange" belongs to pipeline "other"`,
		},
	},
	"merges": {
		compose: func(p *pipeline.Pipeline) {
			in, strange := pipeline.Source[int](p, "in"), pipeline.Source[int](pipeline.New("other"), "strange")
			pipeline.Sink(pipeline.Merge(in, strange), "foreign", discard)
			pipeline.Sink(pipeline.Merge(in, in), "double", discard)
			pipeline.Sink(pipeline.Merge(pipeline.Flow[int]{}, in), "zero-first", discard)
		},
		faults: []string{
			"merge: flows of two pipelines, ", `merge: flow "in" twice`,
			"merge: a flow is the zero Flow",
		},
	},
	"a cycle": {
		compose: func(p *pipeline.Pipeline) { circle(p) },
		faults:  []string{"the graph has a cycle, halve → enough → halve: if that is meant"},
	},
	"a cycle beside one that is meant": {
		compose: func(p *pipeline.Pipeline) {
			one, two := pipeline.NewBranch[int](p, "one"), pipeline.NewBranch[int](p, "two")
			decide := func(context.Context, int) (pipeline.Routed, error) { return one.To(1), nil }
			head := pipeline.Stage(pipeline.Merge(pipeline.Source[int](p, "in"), one.Flow()), "head", same)
			pipeline.Route(head, "meant", decide, pipeline.Branches(two), pipeline.Loop())
			pipeline.Route(pipeline.Merge(head, two.Flow()), "not-meant", decide, pipeline.Branches(one))
		},
		faults: []string{"the graph has a cycle, head → not-meant → head"},
	},
	"a stage that leads to itself": {
		compose: func(p *pipeline.Pipeline) {
			back := pipeline.NewBranch[int](p, "back")
			decide := func(context.Context, int) (pipeline.Routed, error) { return back.To(1), nil }
			pipeline.Route(pipeline.Merge(pipeline.Source[int](p, "in"), back.Flow()), "turn", decide, pipeline.Branches(back))
		},
		faults: []string{"the graph has a cycle, turn → turn"},
	},
}

// circle composes a cycle.
func circle(p *pipeline.Pipeline, options ...pipeline.StageOption) {
	again := pipeline.NewBranch[int](p, "again")
	halved := pipeline.Stage(pipeline.Merge(pipeline.Source[int](p, "in"), again.Flow()), "halve", same)
	pipeline.Route(halved, "enough", func(_ context.Context, n int) (pipeline.Routed, error) {
		return again.To(n), nil
	}, pipeline.Branches(again), options...)
}

func TestAllFaultsOfAGraphAreReportedAtOnceAndNothingRuns(t *testing.T) {
	t.Parallel()
	d := newDurable(t)
	for name, graph := range faulty {
		t.Run(name, func(t *testing.T) {
			p := newPipeline(t)
			graph.compose(p)
			for what, err := range map[string]error{
				"Check":    p.Check(),
				"Run":      p.Run(t.Context(), d),
				"WaitIdle": p.WaitIdle(t.Context(), d),
			} {
				if !errors.Is(err, pipeline.ErrFaulty) {
					t.Fatalf("%s: %v", what, err)
				}
				for _, fault := range graph.faults {
					if !strings.Contains(err.Error(), fault) {
						t.Errorf("%s does not report %q, but\n%v", what, fault, err)
					}
				}
				if lines := strings.Count(err.Error(), "\n"); lines != len(graph.faults) {
					t.Errorf("%s reports %d faults, want %d:\n%v", what, lines, len(graph.faults), err)
				}
			}
			_ = p.Mermaid()
			if keys := d.client.Keys(t.Context(), "{"+p.Name()+"}*").Val(); len(keys) > 0 {
				t.Errorf("keys were made: %v", keys)
			}
		})
	}
}

func TestACycleThatIsMeantIsNoFault(t *testing.T) {
	p := newPipeline(t)
	circle(p, pipeline.Loop())
	if err := p.Check(); err != nil {
		t.Error(err)
	}
}

func TestThePipelineMustHaveAName(t *testing.T) {
	for _, name := range []string{"", "a b", "a}b"} {
		p := pipeline.New(name, nil)
		pipeline.Sink(pipeline.Source[int](p, "in"), "out", discard)
		err := p.Check()
		if !errors.Is(err, pipeline.ErrFaulty) || !strings.Contains(err.Error(), "pipeline") || !strings.Contains(err.Error(), "an option is nil") {
			t.Errorf("New(%q): %v", name, err)
		}
	}
}

func TestNothingPanicsOnWhatIsNil(t *testing.T) {
	var none *pipeline.Pipeline
	d := newDurable(t)
	for what, err := range map[string]error{
		"Check":    none.Check(),
		"Run":      none.Run(t.Context(), d),
		"WaitIdle": none.WaitIdle(t.Context(), d),
	} {
		if !errors.Is(err, pipeline.ErrFaulty) || !strings.Contains(err.Error(), "nil") {
			t.Errorf("%s: %v", what, err)
		}
	}
	pipeline.Sink(pipeline.Stage(pipeline.Source[int](none, "in"), "stage", same), "sink", discard)
	pipeline.Sink(pipeline.Flow[int]{}, "sink", discard)
	pipeline.Sink(pipeline.Merge[int](), "sink", discard)
	pipeline.Sink(pipeline.Branch[int]{}.Flow(), "sink", discard)
	pipeline.Sink(pipeline.NewBranch[int](none, "branch").Flow(), "sink", discard)
	pipeline.Expand(pipeline.Flow[int]{}, "expand", func(context.Context, int) ([]int, error) { return nil, nil })
	pipeline.Route(pipeline.Flow[int]{}, "route", nil, nil)
	if topics := (pipeline.Flow[int]{}).Topics(); len(topics) != 0 {
		t.Errorf("the zero flow has topics %v", topics)
	}

	p := newPipeline(t)
	in := pipeline.Source[int](p, "in")
	pipeline.Sink(in, "out", discard)
	if err := p.Run(t.Context(), nil, nil); err == nil || !strings.Contains(err.Error(), "the transport is nil") {
		t.Errorf("Run on nil: %v", err)
	}
	if err := p.WaitIdle(t.Context(), nil); err == nil {
		t.Error("WaitIdle on nil succeeds")
	}
	if _, err := pipeline.NewPublisher(in, nil); err == nil {
		t.Error("NewPublisher on nil succeeds")
	}
	if err := p.Run(t.Context(), d, pipeline.DrainTimeout(-1)); err == nil || !strings.Contains(err.Error(), "DrainTimeout") {
		t.Errorf("a negative DrainTimeout: %v", err)
	}
	broken := pipeline.Watermill(nil, nil)
	if err := p.Run(t.Context(), broken); err == nil || !strings.Contains(err.Error(), "publisher is nil") {
		t.Errorf("Run on an adapter of nothing: %v", err)
	}
}

// failing is a transport whose n-th subscription fails.
type failing struct {
	pipeline.Transport
	n           int
	onSubscribe bool
}

var errRefused = errors.New("refused")

func (f *failing) Subscriber(s pipeline.Subscription) (message.Subscriber, error) {
	subscriber, err := f.Transport.Subscriber(s)
	if f.n--; f.n == 0 {
		if f.onSubscribe {
			return refusing{subscriber}, err
		}
		return nil, errRefused
	}
	return subscriber, err
}

type refusing struct{ message.Subscriber }

func (refusing) Subscribe(context.Context, string) (<-chan *message.Message, error) {
	return nil, errRefused
}

func TestWhenOneStageCannotSubscribeNoneRuns(t *testing.T) {
	for _, onSubscribe := range []bool{false, true} {
		// A goroutine that is left behind fails the bubble.
		synctest.Test(t, func(t *testing.T) {
			channel := gochannel.NewGoChannel(gochannel.Config{Persistent: true}, nil)
			transport := &failing{Transport: onChannel(channel), n: 3, onSubscribe: onSubscribe}
			p := newPipeline(t)
			in := pipeline.Source[int](p, "in")
			called := false
			once := pipeline.Stage(in, "one", func(_ context.Context, n int) (int, error) {
				called = true
				return n, nil
			})
			pipeline.Sink(pipeline.Stage(once, "two", same), "three", discard)
			publish(t, in, transport, 1, 2, 3)
			err := p.Run(t.Context(), transport)
			if !errors.Is(err, errRefused) || !strings.Contains(err.Error(), `stage "three": subscribe to`) {
				t.Errorf("Run: %v", err)
			}
			if called {
				t.Error("a handler was called")
			}
			if err := channel.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWhenTheTransportEndsAStageTheRunEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		channel := gochannel.NewGoChannel(gochannel.Config{}, nil)
		doomed := gochannel.NewGoChannel(gochannel.Config{}, nil)
		transport := pipeline.Watermill(channel, func(group string) (message.Subscriber, error) {
			if group == "two" {
				return doomed, nil
			}
			return channel, nil
		})
		p := newPipeline(t)
		in := pipeline.Source[int](p, "in")
		pipeline.Sink(in, "one", discard)
		pipeline.Sink(in, "two", discard)
		ended := make(chan error, 1)
		go func() { ended <- p.Run(t.Context(), transport) }()
		synctest.Wait()
		if err := doomed.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; err == nil || !strings.Contains(err.Error(), `stage "two" stopped`) {
			t.Errorf("Run: %v", err)
		}
		if err := channel.Close(); err != nil {
			t.Error(err)
		}
	})
}

// onChannel is a transport on one GoChannel, which gives each group everything.
func onChannel(channel *gochannel.GoChannel) pipeline.Transport {
	return pipeline.Watermill(channel, func(string) (message.Subscriber, error) { return channel, nil })
}
