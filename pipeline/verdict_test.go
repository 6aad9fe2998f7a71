package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	wm "github.com/ThreeDotsLabs/watermill/message/router/middleware"

	"github.com/millstream-go/millstream/pipeline"
)

func TestPermanentPoisonsOnceWithEverythingKnown(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	calls := 0
	var id, entry string
	out := pipeline.Stage(numbers, "refuse", func(ctx context.Context, n int) (int, error) {
		calls++
		id, entry = pipeline.MessageFrom(ctx).UUID, pipeline.EntryID(ctx)
		return n, fmt.Errorf("wrapped: %w", pipeline.Permanent(errors.New("no such number")))
	})
	publish(t, numbers, d, 7)
	before := time.Now().Truncate(time.Second)
	runUntilIdle(t, p, d)
	if calls != 1 {
		t.Errorf("%d calls, want 1", calls)
	}
	equal(t, "outputs", payloads(t, d, out))
	poison := d.poison(t, p)
	if len(poison) != 1 {
		t.Fatalf("%d poisoned messages, want 1", len(poison))
	}
	if poison[0].UUID != id || string(poison[0].Payload) != "7" {
		t.Errorf("poisoned %s %s, want %s 7", poison[0].UUID, poison[0].Payload, id)
	}
	failedAt, err := time.Parse(time.RFC3339, poison[0].Metadata[pipeline.PoisonFailedAt])
	if err != nil || failedAt.Before(before) || failedAt.After(time.Now()) {
		t.Errorf("failed at %v, %v", failedAt, err)
	}
	delete(poison[0].Metadata, pipeline.PoisonFailedAt)
	want := map[string]string{
		pipeline.PoisonReason:     "wrapped: no such number",
		pipeline.PoisonKind:       pipeline.KindPermanent,
		pipeline.PoisonTopic:      numbers.Topics()[0],
		pipeline.PoisonHandler:    "refuse",
		pipeline.PoisonSubscriber: "streams.Subscriber",
		pipeline.PoisonEntryID:    entry,
		pipeline.PoisonAttempts:   "1",
		pipeline.PoisonPipeline:   p.Name(),
		pipeline.PoisonErrors:     "*fmt.wrapError: wrapped: no such number\n*errors.errorString: no such number",
	}
	for key, value := range want {
		if got := poison[0].Metadata[key]; got != value {
			t.Errorf("%s is %q, want %q", key, got, value)
		}
	}
	if len(poison[0].Metadata) != len(want) {
		t.Errorf("metadata %v", poison[0].Metadata)
	}
}

func TestPermanentOfNilIsNil(t *testing.T) {
	if err := pipeline.Permanent(nil); err != nil {
		t.Errorf("Permanent(nil) is %v", err)
	}
}

func TestSkipAcknowledgesWithoutOutput(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	out := pipeline.Stage(numbers, "odd", func(_ context.Context, n int) (int, error) {
		if n%2 == 0 {
			return n, fmt.Errorf("%d is even: %w", n, pipeline.Skip)
		}
		return n, nil
	})
	publish(t, numbers, d, 1, 2, 3)
	runUntilIdle(t, p, d)
	equal(t, "outputs", payloads(t, d, out), "1", "3")
	equal(t, "inputs", payloads(t, d, numbers), "1", "2", "3")
	if n := len(d.poison(t, p)); n != 0 {
		t.Errorf("%d messages were poisoned", n)
	}
}

func TestRetryAfterPutsAsideAndLetsOthersPass(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t, pipeline.MaxAttempts(1)), newDurable(t)
	const delay = 300 * time.Millisecond
	numbers := pipeline.Source[int](p, "numbers")
	var attempts []int
	var first time.Time
	var back time.Duration
	out := pipeline.Stage(numbers, "later", func(ctx context.Context, n int) (int, error) {
		if n != 1 {
			return n, nil
		}
		attempts = append(attempts, pipeline.Attempt(ctx))
		switch len(attempts) {
		case 1:
			first = time.Now()
			return 0, pipeline.RetryAfter(delay)
		case 2:
			back = time.Since(first)
			return 0, fmt.Errorf("again: %w", pipeline.RetryAfter(time.Millisecond))
		default:
			return n, nil
		}
	})
	publish(t, numbers, d, 1, 2, 3)
	runUntilIdle(t, p, d)
	equal(t, "outputs", payloads(t, d, out), "2", "3", "1")
	equal(t, "attempts", attempts, 1, 2, 3)
	if back < delay {
		t.Errorf("it came back after %v, want %v", back, delay)
	}
}

func TestAFailingMessageIsRetriedAndThenPoisoned(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	var attempts []int
	out := pipeline.Stage(numbers, "fail", func(ctx context.Context, n int) (int, error) {
		if n == 1 {
			attempts = append(attempts, pipeline.Attempt(ctx))
			return n, errors.New("out of order")
		}
		return n, nil
	}, pipeline.MaxAttempts(3))
	publish(t, numbers, d, 1, 2)
	runUntilIdle(t, p, d)
	equal(t, "attempts", attempts, 1, 2, 3)
	equal(t, "outputs", payloads(t, d, out), "2")
	expectPoison(t, d, p, pipeline.KindExhausted, "given up after 3 attempts: out of order", "3")
}

// expectPoison expects one poisoned message.
func expectPoison(t *testing.T, d durable, p *pipeline.Pipeline, kind, reason, attempts string) {
	t.Helper()
	poison := d.poison(t, p)
	if len(poison) != 1 {
		t.Fatalf("%d poisoned messages, want 1", len(poison))
	}
	m := poison[0].Metadata
	if m[pipeline.PoisonKind] != kind || !strings.Contains(m[pipeline.PoisonReason], reason) || m[pipeline.PoisonAttempts] != attempts {
		t.Errorf("poisoned with %v\nwant kind %s, reason %q, attempts %s", m, kind, reason, attempts)
	}
}

func TestAFailedAttemptLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers, side := pipeline.Source[int](p, "numbers"), pipeline.Source[int](p, "side")
	publisher, err := pipeline.NewPublisher(side, d)
	if err != nil {
		t.Fatal(err)
	}
	defer publisher.Close()
	calls := 0
	pipeline.Sink(numbers, "sink", func(ctx context.Context, n int) error {
		calls++
		if err := publisher.Publish(ctx, calls); err != nil {
			return err
		}
		if calls < 3 {
			return errors.New("too early")
		}
		return nil
	})
	publish(t, numbers, d, 1)
	runUntilIdle(t, p, d)
	equal(t, "published on the side", payloads(t, d, side), "3")
}

func TestAPayloadThatCannotBeDecodedIsPoisonedUnhandled(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	pipeline.Sink(numbers, "sink", discard)
	publisher, err := d.Publisher()
	if err != nil {
		t.Fatal(err)
	}
	defer publisher.Close()
	if err := publisher.Publish(numbers.Topics()[0], message.NewMessage("id", []byte(`"text"`))); err != nil {
		t.Fatal(err)
	}
	publish(t, numbers, d, 1)
	runUntilIdle(t, p, d)
	expectPoison(t, d, p, pipeline.KindMalformed, "the payload cannot be decoded: json:", "1")
}

func TestAnEntryThatIsNoMessageIsPoisoned(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	out := pipeline.Stage(numbers, "same", same)
	if err := d.client.Do(t.Context(), "XADD", numbers.Topics()[0], "*", "some", "thing").Err(); err != nil {
		t.Fatal(err)
	}
	publish(t, numbers, d, 1)
	runUntilIdle(t, p, d)
	equal(t, "outputs", payloads(t, d, out), "1")
	expectPoison(t, d, p, pipeline.KindMalformed, "cannot be decoded", "1")
}

func TestAPanicIsAFailureOfTheMessage(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t, pipeline.MaxAttempts(3)), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	calls := 0
	out := pipeline.Stage(numbers, "panic", func(_ context.Context, n int) (int, error) {
		if n == 1 {
			calls++
			panic("at the disco")
		}
		return n, nil
	})
	publish(t, numbers, d, 1, 2)
	runUntilIdle(t, p, d)
	if calls != 3 {
		t.Errorf("%d calls, want 3", calls)
	}
	equal(t, "outputs", payloads(t, d, out), "2")
	expectPoison(t, d, p, pipeline.KindExhausted, "at the disco", "3")
}

func TestAnOutputThatCannotBeEncodedIsPoisonedAtOnce(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	stage := pipeline.Stage(numbers, "stage", func(_ context.Context, n int) (any, error) {
		if n == 1 {
			return make(chan int), nil
		}
		return n, nil
	})
	publish(t, numbers, d, 1, 2)
	runUntilIdle(t, p, d)
	equal(t, "outputs", payloads(t, d, stage), "2")
	expectPoison(t, d, p, pipeline.KindPermanent, "the output, a chan int, cannot be encoded", "1")
}

func TestOfAnExpansionThatCannotBeEncodedNothingIsPassedOn(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	out := pipeline.Expand(numbers, "expand", func(context.Context, int) ([]any, error) {
		return []any{1, func() {}, 3}, nil
	})
	publish(t, numbers, d, 1)
	runUntilIdle(t, p, d)
	equal(t, "outputs", payloads(t, d, out))
	expectPoison(t, d, p, pipeline.KindPermanent, "cannot be encoded", "1")
}

func TestAMessageIsNotLostWhenItCannotBePoisoned(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	called := make(chan struct{}, 100)
	pipeline.Sink(numbers, "refuse", func(context.Context, int) error {
		called <- struct{}{}
		return pipeline.Permanent(errors.New("never"))
	})
	if err := d.client.Set(t.Context(), p.PoisonTopic(), "no stream", 0).Err(); err != nil {
		t.Fatal(err)
	}
	publish(t, numbers, d, 1)
	stop := start(t, p, d)
	receive(t, "the handler's call", called)
	await(t, "the message to be put aside", func() bool {
		parked, err := d.client.ZCard(t.Context(), numbers.Topics()[0]+":parked:refuse").Result()
		return err == nil && parked == 1
	})
	if n := d.pending(t, numbers.Topics()[0], "refuse"); n != 1 {
		t.Errorf("%d messages are pending, want 1", n)
	}
	if err := d.client.Del(t.Context(), p.PoisonTopic()).Err(); err != nil {
		t.Fatal(err)
	}
	awaitIdle(t, p, d)
	stop()
	expectPoison(t, d, p, pipeline.KindPermanent, "never", "2")
}

func TestAMessageIsNotLostWhenItsOutputHasNoPlace(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	out := pipeline.Stage(numbers, "same", same)
	topic := out.Topics()[0]
	if err := d.client.Set(t.Context(), topic, "no stream", 0).Err(); err != nil {
		t.Fatal(err)
	}
	publish(t, numbers, d, 1)
	stop := start(t, p, d)
	await(t, "the message to be put aside", func() bool {
		parked, err := d.client.ZCard(t.Context(), numbers.Topics()[0]+":parked:same").Result()
		return err == nil && parked == 1
	})
	if err := d.client.Del(t.Context(), topic).Err(); err != nil {
		t.Fatal(err)
	}
	awaitIdle(t, p, d)
	stop()
	equal(t, "outputs", payloads(t, d, out), "1")
}

func TestMiddlewareThatEndsTheContextDoesNotKeepAFailingMessageAlive(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t, pipeline.MaxAttempts(2), pipeline.Use(wm.Timeout(20*time.Millisecond))), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	out := pipeline.Stage(numbers, "slow", func(ctx context.Context, n int) (int, error) {
		if n == 1 {
			<-ctx.Done()
			return n, ctx.Err()
		}
		return n, nil
	})
	publish(t, numbers, d, 1, 2)
	runUntilIdle(t, p, d)
	equal(t, "outputs", payloads(t, d, out), "2")
	expectPoison(t, d, p, pipeline.KindExhausted, context.DeadlineExceeded.Error(), "2")
}
