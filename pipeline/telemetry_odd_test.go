package pipeline_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
)

// What is no trace context is none: the trace begins anew.
func TestAGarbledTraceContextIsNotPassedOn(t *testing.T) {
	t.Parallel()
	for _, traceparent := range []string{
		"00-00000000000000000000000000000000-0000000000000000-00",
		"00-zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz-b7ad6b7169203331-00",
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-z0",
	} {
		s := newTraces(t, sdktrace.ParentBased(sdktrace.AlwaysSample()))
		got := carried(t, pipeline.Telemetry{TracerProvider: s.provider}, traceparent)
		if !strings.HasSuffix(got, "-01") {
			t.Errorf("%s became %q", traceparent, got)
		}
	}
}

func TestATraceContextOfALaterVersionIsKept(t *testing.T) {
	t.Parallel()
	s := newTraces(t, sdktrace.ParentBased(sdktrace.AlwaysSample()))
	got := carried(t, pipeline.Telemetry{TracerProvider: s.provider}, "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")
	if !strings.HasPrefix(got, "00-0af7651916cd43dd8448eb211c80319c-") || !strings.HasSuffix(got, "-00") {
		t.Errorf("it became %q", got)
	}
}

// A provider that is shut down makes no spans, and takes back no decision.
func TestASampledTraceStaysSoWhenTheProviderHasEnded(t *testing.T) {
	t.Parallel()
	provider := sdktrace.NewTracerProvider()
	if err := provider.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := carried(t, pipeline.Telemetry{TracerProvider: provider}, sampled); got != sampled {
		t.Errorf("it became %q", got)
	}
}

// Each run begins a trace of its own, and its chance of being recorded is the same.
func TestWithLinksTheSamplerIsAskedAtEachStage(t *testing.T) {
	t.Parallel()
	s := newTraces(t, sdktrace.ParentBased(sdktrace.TraceIDRatioBased(0.5)))
	p, d := newPipeline(t, pipeline.Telemetry{TracerProvider: s.provider, Links: true}), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	flow := numbers
	const stages, n = 4, 200
	for i := range stages {
		flow = pipeline.Stage(flow, fmt.Sprintf("stage-%d", i), func(_ context.Context, n int) (int, error) { return n, nil })
	}
	pipeline.Sink(flow, "end", func(context.Context, int) error { return nil })
	publish(t, numbers, d, make([]int, n)...)
	runUntilIdle(t, p, d)
	if last := len(s.named(fmt.Sprintf("process stage-%d", stages-1))); last < n/4 {
		t.Errorf("%d of %d runs of the last stage are recorded", last, n)
	}
}

func TestAViewThatDropsOneMetricLeavesTheOthers(t *testing.T) {
	t.Parallel()
	reader := sdkmetric.NewManualReader()
	drop := func(name string) sdkmetric.Option {
		return sdkmetric.WithView(sdkmetric.NewView(sdkmetric.Instrument{Name: name}, sdkmetric.Stream{Aggregation: sdkmetric.AggregationDrop{}}))
	}
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader),
		drop("messaging.process.duration"), drop("messaging.client.operation.duration"))
	t.Cleanup(func() { _ = provider.Shutdown(context.Background()) })
	p, d := newPipeline(t, pipeline.Telemetry{MeterProvider: provider}), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	pipeline.Sink(numbers, "print", func(context.Context, int) error { return nil })
	publish(t, numbers, d, 1)
	runUntilIdle(t, p, d)
	found := metricNames(t, reader)
	for _, name := range []string{"messaging.client.consumed.messages", "messaging.client.sent.messages", "millstream.process.wait"} {
		if !found[name] {
			t.Errorf("%s is missing, there is only %v", name, found)
		}
	}
}

// Middleware of others looks for it there.
func TestAMessageThatIsRecordedHasItsTraceContextInTheMetadata(t *testing.T) {
	t.Parallel()
	s := newTraces(t, sdktrace.AlwaysSample())
	p, d := newPipeline(t, pipeline.Telemetry{TracerProvider: s.provider}), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	var seen message.Metadata
	pipeline.Sink(numbers, "print", func(ctx context.Context, _ int) error {
		seen = pipeline.MessageFrom(ctx).Copy().Metadata
		return nil
	})
	msg := message.NewMessage("id", []byte("1"))
	msg.Metadata = message.Metadata{"traceparent": sampled, "baggage": "tenant=a", "other": "x"}
	publishRaw(t, d, numbers.Topics()[0], msg)
	runUntilIdle(t, p, d)
	if seen["traceparent"] != sampled || seen["baggage"] != "tenant=a" || seen["other"] != "x" {
		t.Errorf("the handler sees %v", seen)
	}
}

// Some middleware makes messages without their input's context.
func TestWhatMiddlewareMakesBelongsToTheHandoffAndTheTrace(t *testing.T) {
	t.Parallel()
	s := newTraces(t, sdktrace.AlwaysSample())
	p, d := newPipeline(t, pipeline.Telemetry{TracerProvider: s.provider}), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	copying := pipeline.Use(func(next message.HandlerFunc) message.HandlerFunc {
		return func(msg *message.Message) ([]*message.Message, error) {
			made, err := next(msg)
			for i, m := range made {
				made[i] = m.Copy() // which has no context
			}
			return made, err
		}
	})
	again := pipeline.Stage(numbers, "again", func(_ context.Context, n int) (int, error) { return n, nil }, copying)
	pipeline.Sink(again, "print", func(context.Context, int) error { return nil })
	publish(t, numbers, d, 1)
	runUntilIdle(t, p, d)
	expectChild(t, s.one(t, "process numbers"), s.one(t, "send again"))
	if n := len(d.messages(t, again.Topics()[0])); n != 1 {
		t.Errorf("%d messages", n)
	}
}

// unencodable quotes itself in the error of its encoding.
type unencodable struct{ Card json.Number }

func TestAnOutputThatCannotBeEncodedIsNotQuoted(t *testing.T) {
	t.Parallel()
	s := newTraces(t, sdktrace.AlwaysSample())
	var said lockedBuffer
	p := newPipeline(t, pipeline.Telemetry{TracerProvider: s.provider}, pipeline.Logger(textLogger(&said)))
	c := client(t)
	transport, err := streams.NewTransport(c, streams.Config{Logger: textLogger(&said)})
	if err != nil {
		t.Fatal(err)
	}
	numbers := pipeline.Source[int](p, "numbers")
	cards := pipeline.Stage(numbers, "card", func(context.Context, int) (unencodable, error) { return unencodable{"4111-1111"}, nil })
	pipeline.Sink(cards, "print", func(context.Context, unencodable) error { return nil })
	publish(t, numbers, transport, 1)
	runUntilIdle(t, p, transport)
	span := s.one(t, "process numbers")
	if !strings.Contains(span.Status.Description, "cannot be encoded") {
		t.Errorf("status %v", span.Status)
	}
	if said.line("message poisoned") == "" {
		t.Error("nothing was logged")
	}
	if all := fmt.Sprintf("%+v %s", s.exporter.GetSpans(), said.line("4111")); strings.Contains(all, "4111") {
		t.Errorf("it is quoted: %s", all)
	}
}

// brokenError is an error that cannot say what it is.
type brokenError struct{ text *string }

func (e *brokenError) Error() string { return *e.text }

func TestAnErrorThatPanicsIsNoOtherErrorForBeingRecorded(t *testing.T) {
	t.Parallel()
	s := newTraces(t, sdktrace.AlwaysSample())
	p, d := newPipeline(t, pipeline.Telemetry{TracerProvider: s.provider}), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	runs := 0
	pipeline.Sink(numbers, "print", func(context.Context, int) error {
		if runs++; runs == 1 {
			return &brokenError{}
		}
		return nil
	})
	publish(t, numbers, d, 1)
	runUntilIdle(t, p, d)
	if n := len(d.poison(t, p)); n != 0 || runs != 2 {
		t.Errorf("%d runs, %d poisoned", runs, n)
	}
}
