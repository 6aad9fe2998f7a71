package tracing

import (
	"errors"
	"fmt"

	"github.com/ThreeDotsLabs/watermill/message"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/millstream-go/millstream/internal/isnil"
	core "github.com/millstream-go/millstream/internal/telemetry"
)

// Config sets up a [Tracing]. The zero value works.
type Config struct {
	// TracerProvider and MeterProvider make spans and metrics. Default: the global ones,
	// also if they are set only later.
	TracerProvider trace.TracerProvider
	MeterProvider  metric.MeterProvider
	// Propagator carries contexts in metadata. Default: the global one at the time of
	// [New], or if none is set W3C trace context and baggage.
	Propagator propagation.TextMapPropagator
	// System is the attribute messaging.system. Default: "redis".
	System string
	// Links begins a new trace with each run of a handler, and links it to the message's
	// instead of continuing that.
	Links bool
	// HideErrors records types of errors only, where their texts may hold what a
	// tracing system must not.
	HideErrors bool
}

// Tracing traces and measures the messages of Watermill handlers and publishers. Its
// methods may be called concurrently, and what they return, too. There is nothing to
// close.
type Tracing struct{ core *core.Telemetry }

// New returns one. It fails if the meter provider refuses an instrument.
func New(config Config) (*Tracing, error) {
	t, err := core.New(core.Config{
		TracerProvider: config.TracerProvider, MeterProvider: config.MeterProvider, Propagator: config.Propagator,
		System: config.System, Links: config.Links, HideErrors: config.HideErrors,
	})
	if err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	return &Tracing{t}, nil
}

// Middleware makes a span of each run of a handler, and measures it. Its place is
// outside of all other middleware: add it first. What the handler returns goes on in
// the span's trace, also with a publisher that is not traced.
//
// While nothing is set up to record anything it only carries the context of a message
// over, and costs next to nothing. A nil Tracing returns the handler as it is.
func (t *Tracing) Middleware(next message.HandlerFunc) message.HandlerFunc {
	if t == nil || t.core == nil {
		return next
	}
	return t.core.Middleware(next)
}

// Publisher returns a publisher that makes spans of what it publishes with p, measures
// it, and puts the context along into the metadata of the messages that it is given, in
// place of one that is there. Closing it closes p. It is a [message.PublisherDecorator].
func (t *Tracing) Publisher(p message.Publisher) (message.Publisher, error) {
	switch {
	case isnil.Value(p):
		return nil, errors.New("tracing: the publisher is nil")
	case t == nil || t.core == nil:
		return p, nil
	}
	return t.core.Publisher(p), nil
}
