package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/pipeline"
)

// failingWorker is the kind of worker whose handler fails with most messages.
const failingWorker = "failing"

type failingPipeline struct {
	*pipeline.Pipeline
	in, out pipeline.Flow[string]
}

// composeToFail composes a pipeline whose handler does with a message what its
// first letter says. Before that, it stages an output: of what fails none may appear.
func composeToFail(name string) failingPipeline {
	p := pipeline.New(name, pipeline.Concurrency(4), pipeline.Logger(quiet), pipeline.Chain(func(c *middleware.Chain) {
		c.Retry = middleware.Retry{
			MaxAttempts: 4, InitialInterval: time.Millisecond, MaxInterval: 20 * time.Millisecond, HoldUpTo: 2 * time.Millisecond,
		}.Middleware
	}))
	f := failingPipeline{Pipeline: p}
	f.in = pipeline.Source[string](p, "in")
	f.out = pipeline.Expand(f.in, "fail", func(_ context.Context, s string) ([]string, error) {
		time.Sleep(time.Millisecond)
		switch s[0] {
		case 'p':
			return nil, pipeline.Permanent(errors.New("never"))
		case 'x':
			return nil, errors.New("not now")
		case 'k':
			panic("of " + s)
		default:
			return []string{s}, nil
		}
	})
	return f
}

// A failure passes through several states on its way to the poison topic: retried in
// place, put aside, delivered again, poisoned. Processes die in all of them.
func TestEachFailedMessageIsPoisonedOnceWhateverProcessDies(t *testing.T) {
	t.Parallel()
	kills, messages := 15, 2000
	if testing.Short() {
		kills, messages = 4, 500
	}
	p, d := composeToFail(uniqueName(t)), durableWith(t, shortIdle)
	values := make([]string, messages)
	for i := range values {
		values[i] = fmt.Sprintf("%c%04d", "pxko"[i%4], i)
	}
	publish(t, p.in, d, values...)
	workers := []*worker{startWorkerOf(t, failingWorker, p.Name()), startWorkerOf(t, failingWorker, p.Name())}
	done := func() int64 {
		return d.client.XLen(t.Context(), p.out.Topics()[0]).Val() + d.client.XLen(t.Context(), p.PoisonTopic()).Val()
	}
	await(t, "the workers to work", func() bool { return done() > 0 })
	killed := 0
	for ; killed < kills && done() < int64(messages); killed++ {
		time.Sleep(time.Duration(rand.Int64N(int64(200 * time.Millisecond))))
		victim := rand.IntN(len(workers))
		workers[victim].kill()
		workers[victim] = startWorkerOf(t, failingWorker, p.Name())
	}
	t.Logf("killed %d processes; %d of %d messages were through by then", killed, done(), messages)
	awaitIdle(t, p.Pipeline, d)
	p.expectEachOnce(t, d, values)
	for _, w := range workers {
		w.interrupt(t)
	}
}

func (p failingPipeline) expectEachOnce(t *testing.T, d durable, values []string) {
	t.Helper()
	kinds := map[byte]string{'p': pipeline.KindPermanent, 'x': pipeline.KindExhausted, 'k': pipeline.KindExhausted, 'o': ""}
	seen := map[string]int{}
	for _, msg := range d.messages(t, p.out.Topics()[0]) {
		value := strings.Trim(string(msg.Payload), `"`)
		seen[value]++
		if value[0] != 'o' {
			t.Errorf("%s came out, though it failed", value)
		}
	}
	for _, msg := range d.poison(t, p.Pipeline) {
		value := strings.Trim(string(msg.Payload), `"`)
		seen[value]++
		if kind := msg.Metadata[pipeline.PoisonKind]; kind != kinds[value[0]] {
			t.Errorf("%s was poisoned as %q", value, kind)
		}
	}
	for _, value := range values {
		if seen[value] != 1 {
			t.Errorf("%s is there %d times", value, seen[value])
		}
	}
}
