package middleware

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/cenkalti/backoff/v5"

	"github.com/millstream-go/millstream/internal/handoff"
)

// Defaults of [Retry].
const (
	DefaultMaxAttempts     = 3
	DefaultInitialInterval = 100 * time.Millisecond
	DefaultMaxInterval     = 5 * time.Second
)

// Retry calls the handler again, in this process, when it fails, for hiccups that
// are over in moments. The message waits in its lane in the meantime.
//
// An attempt that failed leaves nothing behind: what it staged with the message's
// context is dropped, and the message's metadata and context are as before.
//
// An error that says itself what is to become of the message (permanent, skip,
// retry after) is passed on at once, and so is any error once the message's
// context has ended. When the attempts are used up, the last error is passed on,
// marked as final: a pipeline poisons the message; a bare router rejects it.
//
// The zero value works. The middleware may be used by any number of handlers.
type Retry struct {
	// MaxAttempts is how often the handler is called at most. Default: 3.
	MaxAttempts int
	// InitialInterval is the wait before the second attempt; each further wait is
	// twice as long, up to MaxInterval. All vary at random by up to a half.
	// Defaults: 100 milliseconds and 5 seconds.
	InitialInterval, MaxInterval time.Duration
	// AttemptTimeout, if set, ends the message's context for one attempt after
	// this time.
	AttemptTimeout time.Duration
	// OnRetry, if set, is called before each wait with the attempt that failed,
	// from 1, its error and how long the wait is.
	OnRetry func(msg *message.Message, attempt int, err error, wait time.Duration)
}

// Middleware wraps a handler.
func (r Retry) Middleware(next message.HandlerFunc) message.HandlerFunc {
	r.setDefaults()
	return func(msg *message.Message) ([]*message.Message, error) {
		ctx := msg.Context()
		h := handoff.FromContext(ctx)
		metadata := maps.Clone(msg.Metadata)
		waits := r.waits()
		for attempt := 1; ; attempt++ {
			var start handoff.Savepoint
			if h != nil {
				start = h.Savepoint()
			}
			made, err := r.attempt(ctx, msg, next)
			if err == nil {
				return made, nil
			}
			// Not only before another attempt: whoever is outside may yet acknowledge
			// the message, a poison queue for one.
			if h != nil {
				h.Rollback(start)
			}
			msg.Metadata = maps.Clone(metadata)
			if handoff.IsVerdict(err) || ctx.Err() != nil {
				return nil, err
			}
			if attempt >= r.MaxAttempts {
				return nil, handoff.Exhausted(fmt.Errorf("given up after %d attempts: %w", attempt, err), attempt)
			}
			delay := waits.NextBackOff()
			if r.OnRetry != nil {
				r.OnRetry(msg, attempt, err, delay)
			}
			if !wait(ctx, delay) {
				return nil, err
			}
		}
	}
}

// attempt calls the handler once, with a deadline if there is to be one.
func (r Retry) attempt(ctx context.Context, msg *message.Message, next message.HandlerFunc) ([]*message.Message, error) {
	if r.AttemptTimeout <= 0 {
		msg.SetContext(ctx)
		return next(msg)
	}
	limited, cancel := context.WithTimeoutCause(ctx, r.AttemptTimeout, fmt.Errorf("no answer within %v: %w", r.AttemptTimeout, context.DeadlineExceeded))
	defer cancel()
	defer msg.SetContext(ctx)
	msg.SetContext(limited)
	made, err := next(msg)
	for _, m := range made {
		// They are published after the attempt's context has ended.
		m.SetContext(context.WithoutCancel(m.Context()))
	}
	return made, err
}

func (r *Retry) setDefaults() {
	if r.MaxAttempts <= 0 {
		r.MaxAttempts = DefaultMaxAttempts
	}
	if r.InitialInterval <= 0 {
		r.InitialInterval = DefaultInitialInterval
	}
	if r.MaxInterval <= 0 {
		r.MaxInterval = max(DefaultMaxInterval, r.InitialInterval)
	}
}

func (r Retry) waits() *backoff.ExponentialBackOff {
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval = r.InitialInterval
	waits.MaxInterval = r.MaxInterval
	waits.Multiplier = 2
	waits.RandomizationFactor = 0.5
	return waits
}
