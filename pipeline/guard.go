package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/internal/observe"
	"github.com/millstream-go/millstream/internal/pause"
	"github.com/millstream-go/millstream/internal/restraint"
	"github.com/millstream-go/millstream/middleware"
)

// guard is between the router and a stage's chain of middleware, and carries out
// what remains of an error after that.
type guard struct {
	pipeline  *Pipeline
	stage     *node
	input     *port
	publisher message.Publisher
	log       *slog.Logger
	restraint *restraint.Restraint
	// stopping is closed when the run is to end: nothing is waited for any more.
	stopping <-chan struct{}
}

// handler returns the whole handler of a stage for one of its inputs:
//
//	guard → the chain → the middleware of Use → the stage
//
// All of it, with the handler, should fit on the stack that a goroutine begins with:
// the router starts one for each message, and growing it costs more than the chain.
func (g *guard) handler() (message.HandlerFunc, error) {
	handle := func(msg *message.Message) ([]*message.Message, error) { return g.stage.handle(msg, g.input) }
	use := g.stage.settings.use
	if len(use) > 0 {
		handle = rollingBack(handle)
	}
	for _, m := range slices.Backward(use) {
		handle = m(handle)
	}
	chain, err := g.chain()
	if err != nil {
		return nil, err
	}
	handle = chain.Middleware(handle)
	return func(msg *message.Message) ([]*message.Message, error) {
		ctx := msg.Context()
		h := handoff.FromContext(ctx)
		if h == nil {
			ctx = g.context(ctx)
			msg.SetContext(ctx)
		}
		made, err := handle(msg)
		// Some middleware leaves a message with a context that has ended, as
		// Watermill's Timeout does.
		msg.SetContext(ctx)
		if err == nil {
			return adopt(ctx, h, made), nil
		}
		return nil, g.judge(msg, h, err)
	}, nil
}

// context is the context for a message of a transport without a handoff.
func (g *guard) context(ctx context.Context) context.Context {
	if ctx.Value(topicKey{}) != nil {
		// Some transports keep the context that a message was published with.
		ctx = context.WithValue(ctx, topicKey{}, nil)
	}
	return handoff.WithStopping(ctx, g.stopping)
}

// chain returns the middleware of the stage: the default one, as the options of
// the pipeline and then those of the stage changed it.
func (g *guard) chain() (middleware.Chain, error) {
	poison, err := middleware.NewPoisonQueue(g.publisher, g.pipeline.PoisonTopic(), middleware.PoisonConfig{
		Pipeline: g.pipeline.name, Handler: g.stage.name, OnPoisoned: g.poisoned,
	})
	if err != nil {
		return middleware.Chain{}, err
	}
	chain := middleware.DefaultChain(poison)
	chain.Retry = middleware.Retry{MaxAttempts: g.stage.settings.maxAttempts}.Middleware
	for _, change := range g.stage.settings.chain {
		change(&chain)
	}
	return chain, nil
}

// poisoned logs that a message goes to the poison topic.
func (g *guard) poisoned(msg *message.Message, kind string, attempts int, reason error) {
	const text = "message poisoned"
	said := any(reason)
	if text, quotes := handoff.Unquoted(reason); quotes {
		said = text // the poisoned message has all of it
	}
	fields := []any{"stage", g.stage.name, "message_id", msg.UUID, "kind", kind, "attempt", attempts, "error", said}
	if id := EntryID(msg.Context()); id != "" {
		fields = append(fields, "entry_id", id)
	}
	if fields, ok := g.restraint.May(text, fields...); ok {
		g.log.WarnContext(msg.Context(), text, fields...)
	}
}

// rollingBack drops what a failed run of a handler staged at once: middleware that
// calls it again, or makes something else of its error, need not know of handoffs.
func rollingBack(handle message.HandlerFunc) message.HandlerFunc {
	return func(msg *message.Message) ([]*message.Message, error) {
		h := handoff.FromContext(msg.Context())
		if h == nil {
			return handle(msg)
		}
		start, failed := h.Savepoint(), true
		defer func() {
			if failed {
				h.Rollback(start)
			}
		}()
		made, err := handle(msg)
		failed = err != nil
		return made, err
	}
}

// adopt sees to the contexts of messages that are yet to be published. Some middleware
// makes messages without that of their input, by which they belong to its handoff and
// its trace, and some leaves one that ended before the input's.
func adopt(input context.Context, h *handoff.Handoff, made []*message.Message) []*message.Message {
	for _, m := range made {
		switch {
		case m == nil || m.Context() == input:
		case h != nil && handoff.FromContext(m.Context()) != h:
			m.SetContext(input)
		case m.Context().Err() != nil && input.Err() == nil:
			m.SetContext(context.WithoutCancel(m.Context()))
		}
	}
	return made
}

// judge carries out what an error asks for. A nil result acknowledges the
// message, an error rejects it.
func (g *guard) judge(msg *message.Message, h *handoff.Handoff, err error) error {
	aside, isAside := handoff.AsideOf(err)
	if h != nil {
		h.Rollback(handoff.Savepoint{}) // to where nothing was staged
	}
	switch {
	case errors.Is(err, handoff.ErrSkip):
		return nil
	case isAside && h != nil:
		observe.From(msg.Context()).Parked(aside.For, aside.Uncounted, err)
		return h.PutAside(aside)
	case isAside:
		pause.For(msg.Context(), g.stopping, aside.For)
	case h == nil:
		// Such a transport delivers the message again at once.
		pause.For(msg.Context(), g.stopping, redeliveryDelay)
	}
	return fmt.Errorf("stage %s: %w", g.stage.name, err)
}
