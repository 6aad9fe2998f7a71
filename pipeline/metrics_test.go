package pipeline_test

import (
	"context"
	"errors"
	"testing"

	"go.opentelemetry.io/otel/attribute"

	"github.com/millstream-go/millstream/internal/metrictest"
	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/pipeline"
)

func TestAPipelineIsMeasured(t *testing.T) {
	t.Parallel()
	reader := metrictest.New(t)
	p, d := newPipeline(t, pipeline.Telemetry{MeterProvider: reader}), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	failures := map[int]int{2: 1}
	checked := pipeline.Stage(numbers, "check", func(_ context.Context, n int) (int, error) {
		if failures[n]--; failures[n] >= 0 {
			return 0, errors.New("not now")
		}
		if n == 3 {
			return 0, pipeline.Permanent(errors.New("never"))
		}
		return n, nil
	}, pipeline.Chain(func(c *middleware.Chain) {
		c.Retry = middleware.Retry{InitialInterval: 1e6, MaxInterval: 1e6}.Middleware
	}))
	pipeline.Sink(checked, "print", func(context.Context, int) error { return nil })
	publish(t, numbers, d, 1, 2, 3)
	runUntilIdle(t, p, d)

	points := reader.Collect(t)
	in, out := numbers.Topics()[0], checked.Topics()[0]
	at := func(topic string, more ...attribute.KeyValue) []attribute.KeyValue {
		return append(more, attribute.String("messaging.destination.name", topic))
	}
	for _, c := range []struct {
		name string
		on   []attribute.KeyValue
		want float64
	}{
		{"messaging.client.sent.messages", at(in), 3},
		{"messaging.client.sent.messages", at(out), 2},
		{"messaging.client.sent.messages", at(p.PoisonTopic()), 1},
		{"messaging.client.consumed.messages", at(in), 3},
		{"messaging.client.consumed.messages", at(in, attribute.String("error.type", "*errors.errorString")), 1},
		{"messaging.client.consumed.messages", at(out), 2},
		{"millstream.messages.retried", at(in), 1},
		{"millstream.messages.poisoned", at(in, attribute.String("millstream.poison_kind", "permanent")), 1},
	} {
		var sum float64
		for _, point := range points.Named(c.name, c.on...) {
			sum += point.Value
		}
		if sum != c.want {
			t.Errorf("%s %v is %v, want %v", c.name, c.on, sum, c.want)
		}
	}
	for name, want := range map[string]uint64{
		"messaging.process.duration": 3, "millstream.process.wait": 3,
	} {
		var count uint64
		for _, point := range points.Named(name, at(in)...) {
			count += point.Count
			if point.Value < 0 || point.Value > 60*float64(point.Count) {
				t.Errorf("%s sums up to %v seconds", name, point.Value)
			}
		}
		if count != want {
			t.Errorf("%s has %d values, want %d", name, count, want)
		}
	}
	if n := len(points.Named("messaging.client.operation.duration", at(in)...)); n != 1 {
		t.Errorf("%d series of the duration of publishing", n)
	}
}

func TestWithoutTelemetryAPipelineIsNotMeasured(t *testing.T) {
	t.Parallel()
	reader := metrictest.New(t)
	p, d := newPipeline(t, pipeline.Telemetry{MeterProvider: reader, Off: true}), newDurable(t)
	numbers := pipeline.Source[int](p, "numbers")
	pipeline.Sink(numbers, "print", func(context.Context, int) error { return nil })
	publish(t, numbers, d, 1)
	runUntilIdle(t, p, d)
	if points := reader.Collect(t); len(points) > 0 {
		t.Errorf("measured %v", points)
	}
}
