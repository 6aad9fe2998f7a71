package pipeline_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/millstream-go/millstream/pipeline"
)

func TestARunThatEndsFinishesAndCommitsWorkInProgress(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	working, finish := make(chan struct{}, 10), make(chan struct{})
	out := pipeline.Stage(numbers, "slow", func(ctx context.Context, n int) (int, error) {
		working <- struct{}{}
		select {
		case <-finish:
			return n, ctx.Err()
		case <-ctx.Done():
			return n, ctx.Err()
		}
	}, pipeline.Concurrency(4))
	publish(t, numbers, d, 1, 2, 3, 4, 5, 6, 7, 8)

	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx, d) }()
	for range 4 {
		receive(t, "a handler to begin", working)
	}
	cancel()
	select {
	case err := <-ended:
		t.Fatalf("the run ended with handlers at work: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	close(finish)
	if err := receive(t, "the run to end", ended); err != nil {
		t.Fatal(err)
	}
	if n := len(payloads(t, d, out)); n != 4 {
		t.Errorf("%d outputs are there when the run has ended, want those of the 4 handlers", n)
	}
	runUntilIdle(t, p, d)
	equal(t, "outputs of both runs", sorted(payloads(t, d, out)), "1", "2", "3", "4", "5", "6", "7", "8")
}

func TestARunWhoseContextHasEndedReturnsNil(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	pipeline.Sink(pipeline.Source[int](p, "numbers"), "sink", discard)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Run(ctx, d); err != nil {
		t.Error(err)
	}
}

func TestAHandlerThatOutlivesTheDrainTimeoutGetsItsMessageAgain(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	working := make(chan struct{}, 1)
	var ended error
	var attempts []int
	out := pipeline.Stage(numbers, "stuck", func(ctx context.Context, n int) (int, error) {
		attempts = append(attempts, pipeline.Attempt(ctx))
		if len(attempts) > 1 {
			return n, nil
		}
		working <- struct{}{}
		<-ctx.Done()
		ended = context.Cause(ctx)
		return n, nil // which has no effect any more
	})
	publish(t, numbers, d, 1)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx, d, pipeline.DrainTimeout(50*time.Millisecond)) }()
	receive(t, "the handler to begin", working)
	cancel()
	if err := receive(t, "the run to end", done); err != nil {
		t.Errorf("Run: %v", err)
	}
	if !errors.Is(ended, context.Canceled) {
		t.Errorf("the handler's context ended with %v", ended)
	}
	equal(t, "outputs of the first run", payloads(t, d, out))
	begun := time.Now()
	runUntilIdle(t, p, d)
	if waited := time.Since(begun); waited > 10*time.Second {
		t.Errorf("the message came again after %v, not at once", waited)
	}
	equal(t, "outputs", payloads(t, d, out), "1")
	equal(t, "attempts", attempts, 1, 2)
}

func TestARunReportsHandlersThatDoNotEnd(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a quarter of a minute")
	}
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	working, release := make(chan struct{}, 1), make(chan struct{})
	out := pipeline.Stage(numbers, "stubborn", func(_ context.Context, n int) (int, error) {
		working <- struct{}{}
		<-release
		return n, nil
	})
	publish(t, numbers, d, 1)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx, d, pipeline.DrainTimeout(50*time.Millisecond)) }()
	receive(t, "the handler to begin", working)
	cancel()
	if err := receive(t, "the run to end", ended); !errors.Is(err, pipeline.ErrDrainTimeout) {
		t.Errorf("Run: %v, want %v", err, pipeline.ErrDrainTimeout)
	}
	close(release)
	equal(t, "outputs", payloads(t, d, out))
	if n := d.pending(t, numbers.Topics()[0], "stubborn"); n != 1 {
		t.Errorf("%d messages are pending, want 1", n)
	}
	runUntilIdle(t, p, d)
	equal(t, "outputs", payloads(t, d, out), "1")
}

func TestNothingIsLostOrDoubledByManyRuns(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t, pipeline.Concurrency(8)), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	one := pipeline.Stage(numbers, "one", func(_ context.Context, n int) (int, error) {
		time.Sleep(time.Millisecond)
		return n, nil
	})
	two := pipeline.Expand(one, "two", func(_ context.Context, n int) ([]int, error) { return []int{n, n}, nil })
	const messages = 2000
	values := make([]int, messages)
	for i := range values {
		values[i] = i
	}
	publish(t, numbers, d, values...)
	for range 5 {
		stop := start(t, p, d)
		time.Sleep(60 * time.Millisecond)
		stop()
	}
	runUntilIdle(t, p, d)
	for topic, times := range map[string]int{one.Topics()[0]: 1, two.Topics()[0]: 2} {
		count := map[string]int{}
		for _, payload := range d.messages(t, topic) {
			count[string(payload.Payload)]++
		}
		if len(count) != messages {
			t.Errorf("%s: outputs of %d messages, want %d", topic, len(count), messages)
		}
		for payload, n := range count {
			if n != times {
				t.Errorf("%s: %s is there %d times, want %d", topic, payload, n, times)
			}
		}
	}
}

func TestRunsOfOnePipelineShareTheWork(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	var mu sync.Mutex
	meeting, met := 0, make(chan struct{})
	out := pipeline.Stage(numbers, "meet", func(ctx context.Context, n int) (int, error) {
		mu.Lock()
		if meeting++; meeting == 3 {
			close(met)
		}
		mu.Unlock()
		// With a concurrency of one, three are at work only in three runs.
		select {
		case <-met:
			return n, nil
		case <-ctx.Done():
			return n, ctx.Err()
		}
	})
	publish(t, numbers, d, 1, 2, 3)
	for range 3 {
		start(t, p, d)
	}
	receive(t, "all three runs to work at once", met)
	awaitIdle(t, p, d)
	equal(t, "outputs", sorted(payloads(t, d, out)), "1", "2", "3")
}
