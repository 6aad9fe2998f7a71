package telemetry

import (
	"github.com/ThreeDotsLabs/watermill/message"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Config says what spans and metrics of messages are made with. In the zero value all
// is as the program set it up for OpenTelemetry as a whole.
type Config struct {
	TracerProvider trace.TracerProvider
	MeterProvider  metric.MeterProvider
	Propagator     propagation.TextMapPropagator
	// System is the attribute messaging.system; "redis" if empty.
	System string
	// Links begins a trace for each processing, with a link to the message's.
	Links bool
	// HideErrors leaves the texts of errors out.
	HideErrors bool
}

// Telemetry makes spans and metrics of messages. It may be used concurrently.
type Telemetry struct {
	config  Config
	tracers tracers
	// propagator carries contexts in metadata, in these fields.
	propagator propagation.TextMapPropagator
	fields     []string
	w3c        bool // they are W3C's
	*instruments
	topics topics
}

// New returns one.
func New(config Config) (*Telemetry, error) {
	t := &Telemetry{config: config, tracers: newTracers(config.TracerProvider), propagator: config.Propagator}
	if t.propagator == nil {
		t.propagator = otel.GetTextMapPropagator()
	}
	if len(t.propagator.Fields()) == 0 && config.Propagator == nil {
		// None is set up. What others sent is passed on all the same.
		t.propagator = propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})
	}
	t.fields = t.propagator.Fields()
	t.w3c = isW3C(t.fields)
	var err error
	t.instruments, err = newInstruments(config.MeterProvider)
	if err != nil {
		return nil, err
	}
	t.topics.system = System
	if config.System != "" {
		t.topics.system = systemOf(config.System)
	}
	return t, nil
}

// Carries reports whether a transport is to keep trace contexts out of metadata: there
// is something that records spans, and what is left out of it is most.
func (t *Telemetry) Carries() bool { return t.w3c && t.tracers.get() != nil }

// carries reports whether a message has a context with it.
func (t *Telemetry) carries(msg *message.Message) bool {
	for _, field := range t.fields {
		if msg.Metadata[field] != "" {
			return true
		}
	}
	return false
}
