package pipeline_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/pipeline"
)

// gauge measures how many are at work at once.
type gauge struct{ now, most atomic.Int64 }

func (g *gauge) enter() {
	n := g.now.Add(1)
	for most := g.most.Load(); n > most && !g.most.CompareAndSwap(most, n); most = g.most.Load() {
	}
}

func (g *gauge) leave() { g.now.Add(-1) }

// gauged is a handler that waits until want are at work at once.
func gauged(g *gauge, want int64) func(context.Context, int) error {
	return func(ctx context.Context, _ int) error {
		g.enter()
		defer g.leave()
		for deadline := time.Now().Add(time.Second); g.most.Load() < want && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Millisecond)
		return nil
	}
}

func TestConcurrencyIsReachedAndNeverExceeded(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t, pipeline.Concurrency(3)), newDurable(t)
	numbers, others := pipeline.Source[int](p, "numbers"), pipeline.Source[int](p, "others")
	var own, inherited, merged gauge
	pipeline.Sink(numbers, "own", gauged(&own, 5), pipeline.Concurrency(5))
	pipeline.Sink(numbers, "inherited", gauged(&inherited, 3))
	pipeline.Sink(pipeline.Merge(numbers, others), "merged", gauged(&merged, 3))
	publish(t, numbers, d, make([]int, 100)...)
	publish(t, others, d, make([]int, 100)...)
	runUntilIdle(t, p, d)
	for name, got := range map[string]struct{ most, want int64 }{
		"the stage's own":     {own.most.Load(), 5},
		"the pipeline's":      {inherited.most.Load(), 3},
		"over merged sources": {merged.most.Load(), 3},
	} {
		if got.most != got.want {
			t.Errorf("%s: %d at once, want %d", name, got.most, got.want)
		}
	}
}

func TestTheDefaultKeepsTheOrder(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	out := pipeline.Stage(pipeline.Stage(numbers, "one", same), "two", same)
	values, want := make([]int, 500), make([]string, 500)
	for i := range values {
		values[i], want[i] = i, fmt.Sprint(i)
	}
	publish(t, numbers, d, values...)
	runUntilIdle(t, p, d)
	equal(t, "outputs", payloads(t, d, out), want...)
}

func TestOrderedKeepsTheOrderOverProcessesAndFailures(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	var mu sync.Mutex
	calls := 0
	out := pipeline.Stage(numbers, "strict", func(_ context.Context, n int) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		if calls++; calls%7 == 0 {
			return 0, errors.New("now and then")
		}
		return n, nil
	}, pipeline.Ordered())
	values, want := make([]int, 100), make([]string, 100)
	for i := range values {
		values[i], want[i] = i, fmt.Sprint(i)
	}
	for range 2 {
		start(t, p, d)
	}
	publish(t, numbers, d, values...)
	awaitIdle(t, p, d)
	equal(t, "outputs", payloads(t, d, out), want...)
}

func TestMiddlewareOfThePipelineIsOutsideThatOfTheStage(t *testing.T) {
	t.Parallel()
	var order []string
	layer := func(name string) message.HandlerMiddleware {
		return func(next message.HandlerFunc) message.HandlerFunc {
			return func(msg *message.Message) ([]*message.Message, error) {
				order = append(order, name)
				made, err := next(msg)
				order = append(order, fmt.Sprintf("%s %d %v", name, len(made), err))
				return made, err
			}
		}
	}
	common := pipeline.Use(layer("b"))
	p, d := newPipeline(t, pipeline.Use(layer("a")), common), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	pipeline.Stage(numbers, "stage", same, pipeline.Use(layer("c"), layer("d")), pipeline.Use(layer("e")))
	// A second stage has its own list.
	others := pipeline.Source[int](p, "others")
	pipeline.Stage(others, "other", same, pipeline.Use(layer("f")))
	publish(t, numbers, d, 1)
	runUntilIdle(t, p, d)
	equal(t, "order", order, "a", "b", "c", "d", "e", "e 1 <nil>", "d 1 <nil>", "c 1 <nil>", "b 1 <nil>", "a 1 <nil>")
	order = nil
	publish(t, others, d, 1)
	runUntilIdle(t, p, d)
	equal(t, "order of the other stage", order, "a", "b", "f", "f 1 <nil>", "b 1 <nil>", "a 1 <nil>")
}

func TestWhatMiddlewareMakesOfAnErrorDecides(t *testing.T) {
	t.Parallel()
	forgive := func(next message.HandlerFunc) message.HandlerFunc {
		return func(msg *message.Message) ([]*message.Message, error) {
			made, err := next(msg)
			if err != nil {
				return nil, pipeline.Skip
			}
			return made, nil
		}
	}
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	out := pipeline.Stage(numbers, "stage", func(_ context.Context, n int) (int, error) {
		if n == 1 {
			return n, pipeline.Permanent(errors.New("never"))
		}
		return n, nil
	}, pipeline.Use(forgive))
	publish(t, numbers, d, 1, 2)
	runUntilIdle(t, p, d)
	equal(t, "outputs", payloads(t, d, out), "2")
	if n := len(d.poison(t, p)); n != 0 {
		t.Errorf("%d messages were poisoned", n)
	}
}

func TestAPanicInMiddlewareIsAFailureOfTheMessage(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t, pipeline.MaxAttempts(2), pipeline.Use(func(message.HandlerFunc) message.HandlerFunc {
		return func(*message.Message) ([]*message.Message, error) { panic("in the middle") }
	})), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	pipeline.Sink(numbers, "sink", discard)
	publish(t, numbers, d, 1)
	runUntilIdle(t, p, d)
	expectPoison(t, d, p, pipeline.KindExhausted, "in the middle", "2")
}

func TestMiddlewareMayAddMetadataToOutputs(t *testing.T) {
	t.Parallel()
	tag := func(next message.HandlerFunc) message.HandlerFunc {
		return func(msg *message.Message) ([]*message.Message, error) {
			made, err := next(msg)
			for _, m := range made {
				m.Metadata.Set("tag", "yes")
			}
			return made, err
		}
	}
	p, d := newPipeline(t, pipeline.Use(tag)), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	out := pipeline.Stage(numbers, "stage", same)
	publish(t, numbers, d, 1)
	runUntilIdle(t, p, d)
	if got := d.messages(t, out.Topics()[0])[0].Metadata.Get("tag"); got != "yes" {
		t.Errorf("tag %q", got)
	}
}

// encoded is JSON in base64.
type encoded struct{ pipeline.JSON }

func (c encoded) Marshal(v any) ([]byte, error) {
	data, err := c.JSON.Marshal(v)
	return []byte(base64.StdEncoding.EncodeToString(data)), err
}

func (c encoded) Unmarshal(data []byte, v any) error {
	plain, err := base64.StdEncoding.DecodeString(string(data))
	if err != nil {
		return err
	}
	return c.JSON.Unmarshal(plain, v)
}

func TestEachFlowHasTheCodecOfItsProducer(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers", pipeline.WithCodec(encoded{}))
	plain := pipeline.Stage(numbers, "plain", same)
	coded := pipeline.Stage(plain, "coded", same, pipeline.WithCodec(encoded{}))
	way := pipeline.NewBranch[int](p, "way", pipeline.WithCodec(encoded{}))
	pipeline.Route(coded, "route", func(_ context.Context, n int) (pipeline.Routed, error) { return way.To(n), nil }, pipeline.Branches(way))
	// A merge reads each flow with its own.
	all := pipeline.Stage(pipeline.Merge(numbers, plain), "all", same)
	publish(t, numbers, d, 1)
	runUntilIdle(t, p, d)
	const one = "MQ==" // 1
	equal(t, "numbers", payloads(t, d, numbers), one)
	equal(t, "plain", payloads(t, d, plain), "1")
	equal(t, "coded", payloads(t, d, coded), one)
	equal(t, "way", payloads(t, d, way.Flow()), one)
	equal(t, "all", payloads(t, d, all), "1", "1")
}

func TestThePipelinesCodecIsTheDefaultOfItsFlows(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t, pipeline.WithCodec(encoded{})), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	coded := pipeline.Stage(numbers, "coded", same)
	plain := pipeline.Stage(coded, "plain", same, pipeline.WithCodec(pipeline.JSON{}))
	publish(t, numbers, d, 1)
	runUntilIdle(t, p, d)
	equal(t, "coded", payloads(t, d, coded), "MQ==")
	equal(t, "plain", payloads(t, d, plain), "1")
}

func TestAHandlerKnowsItsMessage(t *testing.T) {
	t.Parallel()
	p, d := newPipeline(t), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	pipeline.Sink(numbers, "sink", func(ctx context.Context, _ int) error {
		msg := pipeline.MessageFrom(ctx)
		if msg.UUID != "id" || msg.Metadata.Get("key") != "value" || string(msg.Payload) != "17" {
			t.Errorf("message %s %v %s", msg.UUID, msg.Metadata, msg.Payload)
		}
		if id := pipeline.EntryID(ctx); id != "12-34" {
			t.Errorf("entry %s", id)
		}
		if n := pipeline.Attempt(ctx); n != 1 {
			t.Errorf("attempt %d", n)
		}
		return nil
	})
	metadata := "\x81\xa3key\xa5value" // MessagePack, as watermill-redisstream has it
	if err := d.client.Do(t.Context(), "XADD", numbers.Topics()[0], "12-34",
		"_watermill_message_uuid", "id", "metadata", metadata, "payload", "17").Err(); err != nil {
		t.Fatal(err)
	}
	runUntilIdle(t, p, d)
	if n := len(d.poison(t, p)); n != 0 {
		t.Errorf("%d messages were poisoned", n)
	}
}

func TestOutsideAHandlerThereIsNoMessage(t *testing.T) {
	ctx := t.Context()
	if pipeline.MessageFrom(ctx) != nil || pipeline.EntryID(ctx) != "" || pipeline.Attempt(ctx) != 1 {
		t.Error("there is a message")
	}
}
