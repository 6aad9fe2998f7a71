package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	wm "github.com/ThreeDotsLabs/watermill/message/router/middleware"

	"github.com/millstream-go/millstream/internal/handoff"
)

type middleware = message.HandlerMiddleware

// guard carries out the verdict on a message: it is outside all middleware and
// sees what remains of an error after them.
type guard struct {
	pipeline  *Pipeline
	stage     *node
	input     *port
	publisher message.Publisher
	log       *slog.Logger
	failures  *failures
	// stopping is closed when the run is to end: nothing is waited for any more.
	stopping <-chan struct{}
}

// handler returns the whole handler of a stage for one of its inputs:
//
//	guard → recoverer → the pipeline's middleware → the stage's → the stage
func (g *guard) handler() message.HandlerFunc {
	handle := func(msg *message.Message) ([]*message.Message, error) { return g.stage.handle(msg, g.input) }
	use := g.stage.settings.use
	if len(use) > 0 {
		handle = rollingBack(handle)
	}
	for _, m := range slices.Backward(use) {
		handle = m(handle)
	}
	handle = wm.Recoverer(handle)
	return func(msg *message.Message) ([]*message.Message, error) {
		ctx := msg.Context()
		h := handoff.FromContext(ctx)
		var start handoff.Savepoint
		switch {
		case h != nil:
			start = h.Savepoint()
		case ctx.Value(topicKey{}) != nil:
			// Some transports keep the context that a message was published with.
			ctx = context.WithValue(ctx, topicKey{}, nil)
			msg.SetContext(ctx)
		}
		made, err := handle(msg)
		// Some middleware leaves a message with a context that has ended, as
		// Watermill's Timeout does.
		msg.SetContext(ctx)
		if err == nil {
			g.failures.forget(h, msg.UUID)
			return revive(ctx, made), nil
		}
		if h != nil {
			h.Rollback(start)
		}
		return nil, g.judge(msg, h, err)
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

// revive gives messages whose context ended before that of their input one that
// has not, for they are yet to be published.
func revive(input context.Context, made []*message.Message) []*message.Message {
	for _, m := range made {
		if m != nil && m.Context().Err() != nil && input.Err() == nil {
			m.SetContext(context.WithoutCancel(m.Context()))
		}
	}
	return made
}

// judge carries out what an error asks for. A nil result acknowledges the
// message, an error rejects it.
func (g *guard) judge(msg *message.Message, h *handoff.Handoff, err error) error {
	if errors.Is(err, handoff.ErrSkip) {
		g.failures.forget(h, msg.UUID)
		return nil
	}
	if aside, ok := handoff.AsideOf(err); ok {
		return g.putAside(msg, h, aside)
	}
	kind, poisonous := handoff.PoisonKind(err)
	if !poisonous && msg.Context().Err() != nil {
		// The run is ending: not the message's fault.
		return fmt.Errorf("stage %s: %w", g.stage.name, err)
	}
	attempt := g.failures.count(h, msg.UUID)
	if !poisonous && attempt >= g.stage.settings.maxAttempts {
		kind, poisonous = handoff.KindExhausted, true
		err = fmt.Errorf("given up after %d attempts: %w", attempt, err)
	}
	if poisonous {
		return g.poison(msg, h, kind, attempt, err)
	}
	if h == nil {
		// Such a transport delivers the message again at once.
		sleep(msg.Context(), g.stopping, g.failures.delay(attempt))
	}
	return fmt.Errorf("stage %s, attempt %d: %w", g.stage.name, attempt, err)
}

// putAside puts the message aside, or without a handoff holds it here.
func (g *guard) putAside(msg *message.Message, h *handoff.Handoff, aside handoff.Aside) error {
	if h != nil {
		return h.PutAside(aside)
	}
	sleep(msg.Context(), g.stopping, aside.For)
	return handoff.RetryAfter(aside.For)
}

// poison publishes the message to the poison topic: with a handoff in one step
// with its acknowledgement, else before it.
func (g *guard) poison(msg *message.Message, h *handoff.Handoff, kind string, attempt int, reason error) error {
	poisoned := msg.Copy()
	poisoned.SetContext(msg.Context())
	p := handoff.Poisoning{
		Reason: reason.Error(), Kind: kind,
		Pipeline: g.pipeline.name, Handler: g.stage.name,
		Topic: g.input.topic(), Subscriber: message.SubscriberNameFromCtx(msg.Context()),
		Attempts: attempt, FailedAt: time.Now(),
	}
	if h != nil {
		p.EntryID = h.ID
	}
	p.Describe(poisoned.Metadata)
	if err := g.publisher.Publish(g.pipeline.PoisonTopic(), poisoned); err != nil {
		if h == nil {
			sleep(msg.Context(), g.stopping, republishDelay)
		}
		return fmt.Errorf("stage %s: the message could not be poisoned: %w, because of %w", g.stage.name, err, reason)
	}
	g.failures.forget(h, msg.UUID)
	g.log.Warn("message poisoned", "stage", g.stage.name, "message_id", msg.UUID, "entry_id", p.EntryID,
		"kind", kind, "attempt", attempt, "error", reason)
	return nil
}

// sleep waits for d, or until ctx or the run ends.
func sleep(ctx context.Context, stopping <-chan struct{}, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-stopping:
	}
}
