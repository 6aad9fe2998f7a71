package telemetry

import (
	"context"
	"sync/atomic"

	"github.com/ThreeDotsLabs/watermill/message"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/trace"

	"github.com/millstream-go/millstream/internal/handoff"
)

// passing is the context of a message that nothing is recorded of, with what came along
// with it. Most messages of a program that samples are such, so it costs little:
// what came along is read when somebody asks for the span or the baggage, and what is
// published with this very context gets it as it is, for neither can have changed.
type passing struct {
	context.Context

	telemetry *Telemetry
	handoff   *handoff.Handoff
	carried   *handoff.Carried // not changed by anyone
	// read is the context with what came along, once it is asked for.
	read atomic.Pointer[context.Context]
}

var _ handoff.Carrier = (*passing)(nil)

// Carried returns what came along.
func (p *passing) Carried() *handoff.Carried { return p.carried }

// Value answers for the span and the baggage that came along, and for the handoff, which
// all middleware asks for and which is far below.
func (p *passing) Value(key any) any {
	switch {
	case handoff.IsKey(key) && p.handoff != nil:
		return p.handoff
	case key == spanKey || key == baggageKey:
		return p.extracted().Value(key)
	default:
		return p.Context.Value(key)
	}
}

func (p *passing) extracted() context.Context {
	if *p.carried == noContext {
		return p.Context
	}
	if ctx := p.read.Load(); ctx != nil {
		return *ctx
	}
	ctx := p.telemetry.propagator.Extract(p.Context, (*carrier)(p.carried))
	p.read.Store(&ctx)
	return ctx
}

// spanKey and baggageKey are the keys by which OpenTelemetry keeps these in contexts.
// Should it ever look for them in another way, these are nil, and all is read at once.
var (
	spanKey    = keyOf(func(ctx context.Context) { trace.SpanFromContext(ctx) })
	baggageKey = keyOf(func(ctx context.Context) { baggage.FromContext(ctx) })
)

// keyOf returns the key that a function looks for.
func keyOf(look func(context.Context)) any {
	asked := &asked{Context: context.Background()}
	look(asked)
	if asked.times != 1 {
		return nil
	}
	return asked.key
}

// asked is a context that remembers what it was asked for.
type asked struct {
	context.Context

	key   any
	times int
}

func (a *asked) Value(key any) any {
	a.key = key
	a.times++
	return a.Context.Value(key)
}

// noContext is what came along with a message that nothing came along with.
var noContext handoff.Carried

// passing returns the context for the handlers of a message.
func (t *Telemetry) passing(ctx context.Context, h *handoff.Handoff, carried *handoff.Carried) context.Context {
	if spanKey == nil || baggageKey == nil {
		ctx = t.propagator.Extract(ctx, (*carrier)(carried))
	}
	return &passing{Context: ctx, telemetry: t, handoff: h, carried: carried}
}

// passOnto puts what came along into the metadata of a message, in place of what is there.
func (p *passing) passOnto(msg *message.Message) {
	if *p.carried == noContext {
		return
	}
	if msg.Metadata == nil {
		msg.Metadata = message.Metadata{}
	}
	p.carried.Restore(msg.Metadata)
}

// allPassing reports whether all messages have a passing context. Unless the publisher
// looks for that itself, what it carries is put into their metadata.
func (p publisher) allPassing(messages []*message.Message) bool {
	for _, msg := range messages {
		if _, ok := msg.Context().(*passing); !ok {
			return false
		}
	}
	if p.carries {
		return true
	}
	for _, msg := range messages {
		msg.Context().(*passing).passOnto(msg)
	}
	return true
}
