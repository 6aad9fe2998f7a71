package middleware

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	wm "github.com/ThreeDotsLabs/watermill/message/router/middleware"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/internal/observe"
)

// PoisonConfig sets up a [PoisonQueue]. The zero value works.
type PoisonConfig struct {
	// Qualifies, if set, decides which errors are final, beside those that say so
	// themselves. An error that says that the message is skipped or comes again is
	// never final, nor is any once the message's context has ended. A panic is asked
	// about as a [PanicError]. Default: panics.
	Qualifies func(error) bool
	// OnPoisoned, if set, is called with each message that was published to the
	// poison topic, as it was read, and why. With a handoff it is there when the
	// delivery is committed, and if Redis refuses that the message comes again and
	// this is called again.
	OnPoisoned func(msg *message.Message, kind string, attempts int, err error)
	// Pipeline, if set, is put into the metadata.
	Pipeline string
	// Handler is the name of the handler in the metadata. Default: the router's.
	Handler string
}

// PoisonQueue publishes messages that cannot be processed to a topic of their own,
// with why. Its place is outside all other middleware.
//
// Final are errors marked as [Permanent], those of a [Retry] that gave up, payloads
// that cannot be decoded, and panics that no Retry saw; others with Qualifies. The
// rest is passed on.
//
// With a handoff the poisoned message appears in the same atomic step that
// acknowledges it, if the publisher is on the same client, and nothing else that
// the handler published does. Else it is published and then acknowledged: a crash
// between the two repeats it. If it cannot be published, the error is passed on, and
// the message comes again: none is lost.
//
// The poisoned message has the UUID, the payload and the metadata of the message as
// it was read, and further metadata: Watermill's own reason_poisoned, topic_poisoned,
// handler_poisoned and subscriber_poisoned; millstream_poison_kind (permanent,
// exhausted, malformed or failed), millstream_attempts (runs of the handler),
// millstream_failed_at (RFC 3339, UTC), millstream_error_chain (type and text of
// each error in the chain, one a line, at most 8 KiB), and where there are such
// things millstream_entry_id, millstream_trace_id and millstream_pipeline. A handler
// that changes the bytes of the payload in place changes those of the poisoned message.
//
// Its middleware may be used by any number of handlers.
type PoisonQueue struct {
	publisher message.Publisher
	topic     string
	config    PoisonConfig
}

// NewPoisonQueue returns a poison queue that publishes to topic. The publisher stays
// the caller's to close, after the router.
func NewPoisonQueue(publisher message.Publisher, topic string, config PoisonConfig) (*PoisonQueue, error) {
	if publisher == nil {
		return nil, errors.New("middleware: poison queue: the publisher is nil")
	}
	if topic == "" {
		return nil, errors.New("middleware: poison queue: the topic is empty")
	}
	return &PoisonQueue{publisher: publisher, topic: topic, config: config}, nil
}

// Middleware wraps a handler.
func (q *PoisonQueue) Middleware(next message.HandlerFunc) message.HandlerFunc {
	next = wm.Recoverer(next)
	return func(msg *message.Message) ([]*message.Message, error) {
		o := original{ctx: msg.Context(), payload: msg.Payload, metadata: snapshotOf(msg.Metadata)}
		h := handoff.FromContext(o.ctx)
		if h != nil {
			o.start = h.Savepoint()
		}
		made, err := next(msg)
		// Watermill's Timeout, for one, leaves a context that has ended.
		msg.SetContext(o.ctx)
		if err == nil {
			return made, nil
		}
		return nil, q.settle(msg, h, o, err)
	}
}

// original is a message as it was read.
type original struct {
	ctx      context.Context
	payload  message.Payload
	metadata snapshot
	start    handoff.Savepoint
}

// settle publishes a message if the error is final, and else returns the error.
func (q *PoisonQueue) settle(msg *message.Message, h *handoff.Handoff, o original, err error) error {
	kind, final := q.judge(o.ctx, err)
	if !final {
		return err
	}
	if h != nil {
		h.Rollback(o.start)
	}
	msg.Payload, msg.Metadata = o.payload, o.metadata.metadata()
	if failed := q.publish(msg, h, kind, err); failed != nil {
		return fmt.Errorf("the message could not be published to the poison topic %s: %w, because of %w", q.topic, failed, err)
	}
	return nil
}

// judge returns whether an error is final, and of what kind.
func (q *PoisonQueue) judge(ctx context.Context, err error) (kind string, final bool) {
	if kind, ok := handoff.PoisonKind(err); ok {
		return kind, true
	}
	if handoff.IsVerdict(err) || ctx.Err() != nil {
		return "", false
	}
	if q.config.Qualifies != nil {
		return handoff.KindFailed, q.qualifies(err)
	}
	_, panicked := errors.AsType[PanicError](err)
	return handoff.KindFailed, panicked
}

// qualifies asks the user's filter. If that panics the error is final: the message
// would come again and again, for that to panic on.
func (q *PoisonQueue) qualifies(err error) (final bool) {
	defer func() {
		if v := recover(); v != nil {
			final = true
			slog.Default().Error("PoisonConfig.Qualifies panicked, the message is poisoned", "panic", v, "stack", string(debug.Stack()))
		}
	}()
	return q.config.Qualifies(err)
}

// tell calls the user's hook. What it does is no reason to keep the message.
func (q *PoisonQueue) tell(msg *message.Message, kind string, attempts int, reason error) {
	defer func() {
		if v := recover(); v != nil {
			slog.Default().Error("PoisonConfig.OnPoisoned panicked", "panic", v, "stack", string(debug.Stack()))
		}
	}()
	q.config.OnPoisoned(msg, kind, attempts, reason)
}

func (q *PoisonQueue) publish(msg *message.Message, h *handoff.Handoff, kind string, reason error) error {
	poisoned := msg.Copy()
	poisoned.SetContext(msg.Context())
	p := q.describe(msg, h, kind, reason)
	p.Describe(poisoned.Metadata)
	if err := q.publisher.Publish(q.topic, poisoned); err != nil {
		return err
	}
	observe.From(msg.Context()).Poisoned(kind, p.Attempts, reason)
	if q.config.OnPoisoned != nil {
		q.tell(msg, kind, p.Attempts, reason)
	}
	return nil
}

func (q *PoisonQueue) describe(msg *message.Message, h *handoff.Handoff, kind string, reason error) handoff.Poisoning {
	ctx := msg.Context()
	p := handoff.Poisoning{
		Reason: reasonOf(reason), Kind: kind, Errors: chainOf(reason), TraceID: traceOf(msg),
		Pipeline: q.config.Pipeline, Handler: q.config.Handler,
		Topic: message.SubscribeTopicFromCtx(ctx), Subscriber: message.SubscriberNameFromCtx(ctx),
		Attempts: handoff.Attempts(reason), FailedAt: time.Now(),
	}
	if p.Handler == "" {
		p.Handler = message.HandlerNameFromCtx(ctx)
	}
	if h != nil {
		p.Topic, p.EntryID = h.Topic, h.ID
	}
	switch {
	case h != nil:
		p.Attempts = h.Runs()
	case p.Attempts == 0: // no Retry counts
		p.Attempts = 1
	}
	return p
}
