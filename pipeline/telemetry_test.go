package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
)

func TestAMessageHasOneTraceThroughAllStages(t *testing.T) {
	t.Parallel()
	s := newTraces(t, sdktrace.AlwaysSample())
	p, d := newPipeline(t, pipeline.Telemetry{TracerProvider: s.provider}), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	doubled := pipeline.Stage(numbers, "double", func(_ context.Context, n int) (int, error) { return 2 * n, nil })
	var seen trace.SpanContext
	pipeline.Sink(doubled, "print", func(ctx context.Context, n int) error {
		seen = trace.SpanContextFromContext(ctx)
		return nil
	})
	publish(t, numbers, d, 21)
	runUntilIdle(t, p, d)

	sent, process := s.one(t, "send numbers"), s.one(t, "process numbers")
	out, last := s.one(t, "send double"), s.one(t, "process double")
	expectChild(t, sent, process)
	expectChild(t, process, out)
	expectChild(t, out, last)
	if sent.Parent.IsValid() {
		t.Error("the trace has something above what was published")
	}
	if !seen.Equal(last.SpanContext) {
		t.Error("a handler's context has not the span of its run")
	}
	for _, span := range []tracetest.SpanStub{sent, out} {
		if span.SpanKind != trace.SpanKindProducer {
			t.Errorf("%s is a %s", span.Name, span.SpanKind)
		}
	}
	if process.SpanKind != trace.SpanKindConsumer || process.Status.Code != codes.Unset {
		t.Errorf("kind %s, status %v", process.SpanKind, process.Status)
	}
	id := d.messages(t, numbers.Topics()[0])[0].UUID
	entry, err := d.client.XRange(context.Background(), numbers.Topics()[0], "-", "+").Result()
	if err != nil {
		t.Fatal(err)
	}
	expectAttributes(t, process, map[string]string{
		"messaging.system": "redis", "messaging.operation.name": "process", "messaging.operation.type": "process",
		"messaging.destination.name": numbers.Topics()[0], "messaging.consumer.group.name": "double",
		"messaging.message.id": id, "messaging.message.body.size": "2",
		"millstream.handler": "double", "millstream.entry_id": entry[0].ID, "millstream.attempt": "1", "millstream.outcome": "acked",
	})
	got := attributesOf(process.Attributes)
	if got["messaging.client.id"] == "" || got["millstream.wait_ms"] == "" || got["error.type"] != "" {
		t.Errorf("attributes %v", got)
	}
	expectAttributes(t, sent, map[string]string{
		"messaging.system": "redis", "messaging.operation.name": "send", "messaging.operation.type": "send",
		"messaging.destination.name": numbers.Topics()[0], "messaging.message.id": id, "messaging.message.body.size": "2",
	})
}

func TestRetriesAreEventsAndAMessageThatWaitedGoesOnInItsTrace(t *testing.T) {
	t.Parallel()
	s := newTraces(t, sdktrace.AlwaysSample())
	p, d := newPipeline(t, pipeline.Telemetry{TracerProvider: s.provider}), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	runs := 0
	pipeline.Sink(numbers, "print", func(context.Context, int) error {
		if runs++; runs < 5 {
			return fmt.Errorf("no answer from %s", "the printer")
		}
		return nil
	}, pipeline.Chain(func(c *middleware.Chain) {
		c.Retry = middleware.Retry{InitialInterval: 1e6, MaxInterval: 4e6, HoldUpTo: 2e6}.Middleware
	}))
	publish(t, numbers, d, 1)
	runUntilIdle(t, p, d)

	// 1 ms and 2 ms in place, 4 ms put aside, twice.
	spans := s.named("process numbers")
	if len(spans) != 3 {
		t.Fatalf("%d runs were recorded", len(spans))
	}
	sent := s.one(t, "send numbers")
	for _, span := range spans {
		expectChild(t, sent, span)
	}
	equal(t, "events", events(spans[0]), "millstream.retry", "millstream.retry", "millstream.parked")
	retry := attributesOf(spans[0].Events[1].Attributes)
	if retry["millstream.attempt"] != "2" || retry["exception.message"] != "no answer from the printer" ||
		retry["exception.type"] != "*errors.errorString" || retry["millstream.delay_ms"] == "" {
		t.Errorf("a retry says %v", retry)
	}
	expectAttributes(t, spans[0], map[string]string{
		"millstream.outcome": "parked", "millstream.retries": "2", "error.type": "*errors.errorString", "millstream.attempt": "1",
	})
	if spans[0].Status.Code != codes.Error || !strings.Contains(spans[0].Status.Description, "no answer") {
		t.Errorf("status %v", spans[0].Status)
	}
	equal(t, "events", events(spans[1]), "millstream.parked")
	expectAttributes(t, spans[1], map[string]string{"millstream.outcome": "parked", "millstream.attempt": "4"})
	expectAttributes(t, spans[2], map[string]string{"millstream.outcome": "acked", "millstream.attempt": "5", "error.type": ""})
}

func TestWhatAHandlerPutsAsideItselfIsNoFailure(t *testing.T) {
	t.Parallel()
	s := newTraces(t, sdktrace.AlwaysSample())
	p, d := newPipeline(t, pipeline.Telemetry{TracerProvider: s.provider}), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	pipeline.Sink(numbers, "print", func(ctx context.Context, _ int) error {
		if pipeline.Attempt(ctx) == 1 {
			return pipeline.RetryAfter(1e6)
		}
		return pipeline.Skip
	})
	publish(t, numbers, d, 1)
	runUntilIdle(t, p, d)
	spans := s.named("process numbers")
	if len(spans) != 2 {
		t.Fatalf("%d runs were recorded", len(spans))
	}
	expectAttributes(t, spans[0], map[string]string{"millstream.outcome": "parked", "error.type": ""})
	expectAttributes(t, spans[1], map[string]string{"millstream.outcome": "acked", "error.type": ""})
	if spans[0].Status.Code != codes.Unset || spans[1].Status.Code != codes.Unset {
		t.Error("a run failed")
	}
}

func TestAPoisonedMessageGoesOnInItsTrace(t *testing.T) {
	t.Parallel()
	s := newTraces(t, sdktrace.AlwaysSample())
	p, d := newPipeline(t, pipeline.Telemetry{TracerProvider: s.provider}), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	pipeline.Sink(numbers, "print", func(context.Context, int) error { return pipeline.Permanent(errors.New("no paper")) })
	publish(t, numbers, d, 1)
	runUntilIdle(t, p, d)

	process, out := s.one(t, "process numbers"), s.one(t, "send poison")
	expectChild(t, process, out)
	equal(t, "events", events(process), "millstream.poisoned")
	expectAttributes(t, process, map[string]string{
		"millstream.outcome": "poisoned", "millstream.poison_kind": "permanent", "error.type": "*errors.errorString",
	})
	if process.Status.Code != codes.Error || process.Status.Description != "no paper" {
		t.Errorf("status %v", process.Status)
	}
	dead := d.poison(t, p)[0]
	carried := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier(dead.Metadata))
	if of := trace.SpanContextFromContext(carried); of.SpanID() != out.SpanContext.SpanID() {
		t.Errorf("the poisoned message goes on with %v", of)
	}
	if dead.Metadata[pipeline.PoisonTraceID] != process.SpanContext.TraceID().String() {
		t.Error("the poisoned message does not name its trace")
	}
}

func TestADuplicateIsAnEvent(t *testing.T) {
	t.Parallel()
	s := newTraces(t, sdktrace.AlwaysSample())
	p, d := newPipeline(t, pipeline.Telemetry{TracerProvider: s.provider}), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	pipeline.Sink(numbers, "print", func(context.Context, int) error { return nil }, pipeline.Chain(func(c *middleware.Chain) {
		c.Dedup = middleware.Dedup{Key: func(m *message.Message) string { return string(m.Payload) }}.Middleware
	}))
	for range 2 { // one after the other: a duplicate of what is worked on waits
		publish(t, numbers, d, 1)
		runUntilIdle(t, p, d)
	}
	spans := s.named("process numbers")
	if len(spans) != 2 {
		t.Fatalf("%d runs were recorded", len(spans))
	}
	expectAttributes(t, spans[1], map[string]string{"millstream.outcome": "duplicate", "error.type": ""})
	equal(t, "events", events(spans[1]), "millstream.duplicate")
}

// Nobody knows of it before the commit: the handler has returned by then.
func TestARunWhoseOutputsWereDroppedIsSeenBelowIt(t *testing.T) {
	t.Parallel()
	s := newTraces(t, sdktrace.AlwaysSample())
	p, d := newPipeline(t, pipeline.Telemetry{TracerProvider: s.provider}), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	pipeline.Sink(numbers, "print", func(ctx context.Context, _ int) error {
		// As another consumer would that took the message over.
		return d.client.XAck(ctx, numbers.Topics()[0], "print", pipeline.EntryID(ctx)).Err()
	})
	publish(t, numbers, d, 1)
	runUntilIdle(t, p, d)
	process, settle := s.one(t, "process numbers"), s.one(t, "settle numbers")
	expectChild(t, process, settle)
	expectAttributes(t, settle, map[string]string{"millstream.outcome": "fenced", "error.type": "fenced"})
	if settle.Status.Code != codes.Error || settle.SpanKind != trace.SpanKindClient {
		t.Errorf("kind %s, status %v", settle.SpanKind, settle.Status)
	}
}

func TestARefusedOutputIsSeenBelowItsRun(t *testing.T) {
	t.Parallel()
	s := newTraces(t, sdktrace.AlwaysSample())
	p, d := newPipeline(t, pipeline.Telemetry{TracerProvider: s.provider}), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	out := pipeline.Stage(numbers, "copy", func(_ context.Context, n int) (int, error) { return n, nil })
	if err := d.client.Set(context.Background(), out.Topics()[0], "no stream", 0).Err(); err != nil {
		t.Fatal(err)
	}
	publish(t, numbers, d, 1)
	stop := start(t, p, d)
	await(t, "the refusal", func() bool { return len(s.named("settle numbers")) > 0 })
	stop()
	expectAttributes(t, s.named("settle numbers")[0], map[string]string{"millstream.outcome": "refused"})
}

func TestMessagesSentTogetherEachHaveASpan(t *testing.T) {
	t.Parallel()
	s := newTraces(t, sdktrace.AlwaysSample())
	p, d := newPipeline(t, pipeline.Telemetry{TracerProvider: s.provider}), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	parts := pipeline.Expand(numbers, "parts", func(_ context.Context, n int) ([]int, error) { return []int{n, n + 1, n + 2}, nil })
	pipeline.Sink(parts, "print", func(context.Context, int) error { return nil })
	publish(t, numbers, d, 1)
	runUntilIdle(t, p, d)
	process, send := s.one(t, "process numbers"), s.one(t, "send parts")
	created, consumed := s.named("create parts"), s.named("process parts")
	if len(created) != 3 || len(consumed) != 3 || len(send.Links) != 3 {
		t.Fatalf("created %d, consumed %d, linked %d", len(created), len(consumed), len(send.Links))
	}
	expectChild(t, process, send)
	expectAttributes(t, send, map[string]string{"messaging.batch.message_count": "3", "messaging.message.id": ""})
	if send.SpanKind != trace.SpanKindClient {
		t.Errorf("the send span is a %s", send.SpanKind)
	}
	for i := range created {
		expectChild(t, process, created[i])
		if send.Links[i].SpanContext.SpanID() != created[i].SpanContext.SpanID() {
			t.Errorf("link %d", i)
		}
		if !slices.ContainsFunc(consumed, func(c tracetest.SpanStub) bool { return c.Parent.SpanID() == created[i].SpanContext.SpanID() }) {
			t.Errorf("nothing was made of %d", i)
		}
	}
}

// Or all messages of a process would be one trace.
func TestMessagesAreNotOfTheTraceThatRunIsCalledIn(t *testing.T) {
	t.Parallel()
	s := newTraces(t, sdktrace.AlwaysSample())
	p, d := newPipeline(t, pipeline.Telemetry{TracerProvider: s.provider}), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	pipeline.Sink(numbers, "print", func(context.Context, int) error { return nil })
	publishRaw(t, d, numbers.Topics()[0], message.NewMessage("id", []byte("1")))
	ctx, span := s.provider.Tracer("test").Start(context.Background(), "main")
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx, d) }()
	awaitIdle(t, p, d)
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	span.End()
	if process := s.one(t, "process numbers"); process.Parent.IsValid() {
		t.Error("the message's run is below the span of Run")
	}
}

func TestWithLinksEachRunBeginsATrace(t *testing.T) {
	t.Parallel()
	s := newTraces(t, sdktrace.AlwaysSample())
	p, d := newPipeline(t, pipeline.Telemetry{TracerProvider: s.provider, Links: true}), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	pipeline.Sink(numbers, "print", func(context.Context, int) error { return nil })
	publish(t, numbers, d, 1)
	runUntilIdle(t, p, d)
	sent, process := s.one(t, "send numbers"), s.one(t, "process numbers")
	if process.Parent.IsValid() || process.SpanContext.TraceID() == sent.SpanContext.TraceID() {
		t.Error("the run goes on in the message's trace")
	}
	if len(process.Links) != 1 || process.Links[0].SpanContext.SpanID() != sent.SpanContext.SpanID() {
		t.Errorf("links %v", process.Links)
	}
}

func TestBaggageGoesThroughAllStages(t *testing.T) {
	t.Parallel()
	for name, option := range map[string]pipeline.Telemetry{
		"traced": {TracerProvider: newTraces(t, sdktrace.AlwaysSample()).provider}, "no provider": {},
	} {
		p, d := newPipeline(t, option), newDurable(t)
		numbers := pipeline.Source[int](p, "numbers")
		again := pipeline.Stage(numbers, "again", func(_ context.Context, n int) (int, error) { return n, nil })
		got := ""
		pipeline.Sink(again, "print", func(ctx context.Context, _ int) error {
			got = baggage.FromContext(ctx).Member("tenant").Value()
			return nil
		})
		member, err := baggage.NewMember("tenant", "a")
		if err != nil {
			t.Fatal(err)
		}
		all, err := baggage.New(member)
		if err != nil {
			t.Fatal(err)
		}
		publisher, err := pipeline.NewPublisher(numbers, d)
		if err != nil {
			t.Fatal(err)
		}
		if err := publisher.Publish(baggage.ContextWithBaggage(context.Background(), all), 1); err != nil {
			t.Fatal(err)
		}
		if err := publisher.Close(); err != nil {
			t.Fatal(err)
		}
		runUntilIdle(t, p, d)
		if got != "a" {
			t.Errorf("%s: the last stage's baggage has tenant %q", name, got)
		}
	}
}

func TestSpansHoldNothingOfAPayload(t *testing.T) {
	t.Parallel()
	s := newTraces(t, sdktrace.AlwaysSample())
	p, d := newPipeline(t, pipeline.Telemetry{TracerProvider: s.provider}), newDurable(t)
	orders := pipeline.Source[struct{ Card int }](p, "orders")
	pipeline.Sink(orders, "charge", func(context.Context, struct{ Card int }) error { return nil })
	publishRaw(t, d, orders.Topics()[0], message.NewMessage("id", []byte(`{"Card":4111.1111}`)))
	runUntilIdle(t, p, d)
	process := s.one(t, "process orders")
	expectAttributes(t, process, map[string]string{"millstream.outcome": "poisoned", "millstream.poison_kind": "malformed"})
	if all := fmt.Sprintf("%+v", s.exporter.GetSpans()); strings.Contains(all, "4111.1111") {
		t.Errorf("a span has a number of the payload: %s", all)
	}
}

func TestTextsOfErrorsMayBeHidden(t *testing.T) {
	t.Parallel()
	s := newTraces(t, sdktrace.AlwaysSample())
	p, d := newPipeline(t, pipeline.Telemetry{TracerProvider: s.provider, HideErrors: true}), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	pipeline.Sink(numbers, "print", func(context.Context, int) error { return pipeline.Permanent(errors.New("secret")) })
	publish(t, numbers, d, 1)
	runUntilIdle(t, p, d)
	expectAttributes(t, s.one(t, "process numbers"), map[string]string{"error.type": "*errors.errorString", "millstream.outcome": "poisoned"})
	if all := fmt.Sprintf("%+v", s.exporter.GetSpans()); strings.Contains(all, "secret") {
		t.Errorf("a span has the text: %s", all)
	}
}

// A panic without a Recoverer ends the span all the same.
func TestARunThatPanicsIsRecorded(t *testing.T) {
	t.Parallel()
	s := newTraces(t, sdktrace.AlwaysSample())
	p, d := newPipeline(t, pipeline.Telemetry{TracerProvider: s.provider}), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	pipeline.Sink(numbers, "print", func(context.Context, int) error { panic("no paper") })
	publish(t, numbers, d, 1)
	stop := start(t, p, d)
	await(t, "the run", func() bool { return len(s.named("process numbers")) > 0 })
	stop()
	span := s.named("process numbers")[0]
	if attributesOf(span.Attributes)["error.type"] != "panic" || strings.Contains(span.Status.Description, "goroutine") {
		t.Errorf("%v, %v", span.Status, span.Attributes)
	}
}

// No handler runs for what is no message, but it is to be found in the traces.
func TestAnEntryThatIsNoMessageIsRecorded(t *testing.T) {
	t.Parallel()
	s := newTraces(t, sdktrace.AlwaysSample())
	p := newPipeline(t, pipeline.Telemetry{TracerProvider: s.provider})
	d := durableWith(t, streams.Config{TracerProvider: s.provider})
	numbers := pipeline.Source[int](p, "numbers")
	pipeline.Sink(numbers, "print", func(context.Context, int) error { return nil })
	err := d.client.XAdd(context.Background(), &redis.XAddArgs{Stream: numbers.Topics()[0], Values: []string{"secret", "4111 1111 1111 1111"}}).Err()
	if err != nil {
		t.Fatal(err)
	}
	runUntilIdle(t, p, d)
	process := s.one(t, "process numbers")
	expectAttributes(t, process, map[string]string{
		"millstream.outcome": "poisoned", "millstream.poison_kind": "malformed", "error.type": "malformed",
		"messaging.consumer.group.name": "print", "millstream.attempt": "1",
	})
	equal(t, "events", events(process), "millstream.poisoned")
	if all := fmt.Sprintf("%+v", s.exporter.GetSpans()); strings.Contains(all, "4111 1111") {
		t.Errorf("a span has a field of it: %s", all)
	}
	dead := d.poison(t, p)[0]
	carried := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier(dead.Metadata))
	if of := trace.SpanContextFromContext(carried); of.SpanID() != process.SpanContext.SpanID() {
		t.Errorf("the poisoned message goes on with %v", of)
	}
	if dead.Metadata[pipeline.PoisonTraceID] != process.SpanContext.TraceID().String() {
		t.Error("the poisoned message does not name its trace")
	}
}
