package pipeline_test

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestEachOutputExistsOnceWhateverProcessDies(t *testing.T) {
	t.Parallel()
	kills, messages := 12, 2500
	if testing.Short() {
		kills, messages = 3, 600
	}
	p, d := composeForWorkers(uniqueName(t)), durableWith(t, shortIdle)
	publish(t, p.in, d, inputs(messages)...)
	workers := []*worker{startWorker(t, p.Name()), startWorker(t, p.Name())}
	done := func() int64 { return d.client.XLen(t.Context(), p.three.Topics()[0]).Val() }
	await(t, "the workers to work", func() bool { return done() > 0 })
	killed := 0
	for ; killed < kills && done() < int64(2*messages); killed++ {
		time.Sleep(time.Duration(rand.Int64N(int64(250 * time.Millisecond))))
		victim := rand.IntN(len(workers))
		workers[victim].kill()
		workers[victim] = startWorker(t, p.Name())
	}
	t.Logf("killed %d processes; %d of %d messages were through by then", killed, done(), 2*messages)
	awaitIdle(t, p.Pipeline, d)
	p.expectOnce(t, d, messages)
	for _, w := range workers {
		w.interrupt(t)
	}
}

func TestAnInterruptedProcessLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	const messages = 1500
	p, d := composeForWorkers(uniqueName(t)), durableWith(t, shortIdle)
	publish(t, p.in, d, inputs(messages)...)
	begun := func(n int64) func() bool {
		return func() bool { return d.client.XLen(t.Context(), p.three.Topics()[0]).Val() >= n }
	}
	for i := range int64(3) {
		w := startWorker(t, p.Name())
		await(t, "the worker to work", begun(200*(i+1)))
		w.interrupt(t)
		if i == 0 && begun(2*messages)() {
			t.Error("the worker was through before it was interrupted")
		}
	}
	runUntilIdle(t, p.Pipeline, d)
	p.expectOnce(t, d, messages)
}
