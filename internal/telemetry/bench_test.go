package telemetry_test

import (
	"context"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/internal/telemetry"
)

// nobody takes what is published.
type nobody struct{}

func (nobody) Publish(string, ...*message.Message) error { return nil }
func (nobody) Close() error                              { return nil }

// BenchmarkStage is what telemetry costs a stage for each message that it passes on.
func BenchmarkStage(b *testing.B) {
	ratio := func(fraction float64) *sdktrace.TracerProvider {
		return sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(fraction))))
	}
	measured := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))
	const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0"
	for _, c := range []struct {
		name        string
		config      telemetry.Config
		traceparent string
	}{
		{"off", telemetry.Config{}, ""},
		{"carried", telemetry.Config{}, traceparent + "0"},
		{"root-left-out", telemetry.Config{TracerProvider: ratio(0)}, ""},
		{"left-out", telemetry.Config{TracerProvider: ratio(0)}, traceparent + "0"},
		{"sampled", telemetry.Config{TracerProvider: ratio(0)}, traceparent + "1"},
		{"measured", telemetry.Config{MeterProvider: measured}, ""},
	} {
		b.Run(c.name, func(b *testing.B) {
			t, err := telemetry.New(c.config)
			if err != nil {
				b.Fatal(err)
			}
			out := t.Publisher(nobody{})
			handle := t.Middleware(func(msg *message.Message) ([]*message.Message, error) {
				made := message.NewMessage("made", msg.Payload)
				made.SetContext(msg.Context())
				return nil, out.Publish("out", made)
			})
			b.ReportAllocs()
			for b.Loop() {
				msg := message.NewMessage("id", []byte("payload"))
				if c.traceparent != "" {
					msg.Metadata["traceparent"] = c.traceparent
				}
				ctx := handoff.NewContext(context.Background(), handoff.Delivery{Topic: "in", Group: "stage", ID: "1700000000000-0", Attempt: 1}, nil)
				msg.SetContext(ctx)
				if _, err := handle(msg); err != nil {
					b.Fatal(err)
				}
				ctx.End()
			}
		})
	}
}
