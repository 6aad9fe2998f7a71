package pipeline_test

import (
	"context"
	"strings"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/millstream-go/millstream/pipeline"
)

// carried publishes a message with a trace context through a stage and returns that of
// what the stage made of it.
func carried(t *testing.T, option pipeline.Telemetry, traceparent string) string {
	t.Helper()
	p, d := newPipeline(t, option), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	again := pipeline.Stage(numbers, "again", func(_ context.Context, n int) (int, error) { return n, nil })
	msg := message.NewMessage("id", []byte("1"))
	msg.Metadata.Set("traceparent", traceparent)
	publishRaw(t, d, numbers.Topics()[0], msg)
	runUntilIdle(t, p, d)
	return d.messages(t, again.Topics()[0])[0].Metadata["traceparent"]
}

const (
	someTrace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-"
	sampled   = someTrace + "01"
	leftOut   = someTrace + "00"
)

func TestWithoutAProviderAContextPassesAsItIs(t *testing.T) {
	t.Parallel()
	for _, traceparent := range []string{sampled, leftOut} {
		if got := carried(t, pipeline.Telemetry{}, traceparent); got != traceparent {
			t.Errorf("%s became %q", traceparent, got)
		}
	}
	if got := carried(t, pipeline.Telemetry{Off: true}, sampled); got != "" {
		t.Errorf("a pipeline without telemetry passed %q on", got)
	}
}

func TestATraceThatWasLeftOutStaysSo(t *testing.T) {
	t.Parallel()
	s := newTraces(t, sdktrace.ParentBased(sdktrace.AlwaysSample()))
	if got := carried(t, pipeline.Telemetry{TracerProvider: s.provider}, leftOut); got != leftOut {
		t.Errorf("it became %q", got)
	}
	if n := len(s.exporter.GetSpans()); n != 0 {
		t.Errorf("%d spans were recorded", n)
	}
}

// A sampler that decides for itself is asked.
func TestASamplerMayTakeWhatWasLeftOutBefore(t *testing.T) {
	t.Parallel()
	for name, sampler := range map[string]sdktrace.Sampler{"always": sdktrace.AlwaysSample(), "by ratio": sdktrace.TraceIDRatioBased(0.999999)} {
		s := newTraces(t, sampler)
		got := carried(t, pipeline.Telemetry{TracerProvider: s.provider}, leftOut)
		if !strings.HasSuffix(got, "-01") {
			t.Errorf("%s: it became %q", name, got)
		}
		for _, span := range s.exporter.GetSpans() {
			if !strings.HasPrefix(span.Name, "process ") && !strings.HasPrefix(span.Name, "send ") {
				t.Errorf("%s: there is a span %q", name, span.Name)
			}
		}
	}
}
