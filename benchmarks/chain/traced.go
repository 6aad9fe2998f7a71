package chain

import (
	"context"
	"strings"

	"github.com/google/uuid"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/millstream-go/millstream/pipeline"
)

// Untraced is a pipeline without instrumentation, what that of the others is measured
// against; [Millstream] has it, and no provider to record anything.
const Untraced = "untraced"

// traced is a pipeline on streams with its telemetry set in some way.
type traced struct {
	name string
	// ratio is how many of the traces are sampled; negative: there is no provider.
	ratio float64
	// measured has an SDK for metrics, too.
	measured bool
}

func (t traced) Name() string { return t.name }

func (t traced) Run(ctx context.Context, c Chain) error {
	option := pipeline.Telemetry{Off: t.ratio < 0 && !t.measured}
	if t.ratio >= 0 {
		tracers := sdktrace.NewTracerProvider(
			sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(t.ratio))),
			sdktrace.WithBatcher(nowhere{}),
		)
		defer func() { _ = tracers.Shutdown(context.WithoutCancel(ctx)) }()
		option.TracerProvider = tracers
	}
	if t.measured {
		meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))
		defer func() { _ = meters.Shutdown(context.WithoutCancel(ctx)) }()
		option.MeterProvider = meters
	}
	return runPipeline[[]byte](ctx, c, pipeline.WithCodec(raw{}), option)
}

// metadata returns the trace context that a traced publisher sends along: whether a trace
// is recorded is decided there.
func (t traced) metadata(i int) string {
	if t.ratio < 0 {
		return ""
	}
	flags := "00"
	if float64(i%100) < 100*t.ratio {
		flags = "01"
	}
	id := strings.ReplaceAll(uuid.NewString()+uuid.NewString(), "-", "")
	// A map of one entry, a text of 11 bytes and one of 55.
	return "\x81\xabtraceparent\xd9\x37" + "00-" + id[:32] + "-" + id[32:48] + "-" + flags
}

// nowhere is an exporter that takes everything and keeps nothing: what a collector
// costs that runs on another host, but for encoding and the network.
type nowhere struct{}

func (nowhere) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error { return nil }
func (nowhere) Shutdown(context.Context) error                             { return nil }

// Traced returns pipelines that are instrumented more and more.
func Traced() []Contender {
	return []Contender{
		traced{Untraced, -1, false},
		millstream{},
		traced{"traced-1%", 0.01, false},
		traced{"traced-always", 1, false},
		traced{"measured", -1, true},
		traced{"traced-1%-measured", 0.01, true},
	}
}
