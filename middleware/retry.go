package middleware

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/internal/observe"
	"github.com/millstream-go/millstream/internal/pause"
)

// Defaults of [Retry]. The waits of a message whose handler always fails are two
// within HoldUpTo, twelve that grow to 7 minutes, and 25 of up to 10: it is given
// up after 2 hours and 12 minutes on average and 4 hours and 24 minutes at most.
const (
	DefaultMaxAttempts     = 40
	DefaultInitialInterval = 50 * time.Millisecond
	DefaultMaxInterval     = 10 * time.Minute
)

// DefaultHoldUpTo is how long [Retry] and [RateLimit] hold a message in its place by
// default before they put it aside.
const DefaultHoldUpTo = 100 * time.Millisecond

// mostHeld is the longest wait on a transport that cannot put a message aside:
// many take a message that is held for longer for abandoned.
const mostHeld = 10 * time.Second

// Retry calls a failing handler again: at once for hiccups that are over in
// moments, and then later and later for outages.
//
// The waits between the attempts grow from InitialInterval to MaxInterval, each up
// to twice as long as the one before, and each is chosen at random up to that (full
// jitter). As long as that bound is within HoldUpTo the message keeps its place and
// the handler is called again here. Beyond it the message is put aside in Redis,
// others pass it, and whichever process is free gets it when its time has come.
// Attempts are counted over all of that. So an outage of an hour neither blocks a
// stage nor uses up its messages.
//
// What failed leaves nothing behind: what an attempt staged with the message's
// context is dropped, and the message's payload, metadata and context are as before.
//
// An error that says itself what is to become of the message (permanent, skip,
// retry after) is passed on at once, and so is any error once the message's
// context has ended. When the attempts or the time are used up, the last error is
// passed on, marked as final, for a [PoisonQueue] to take. A message that is put
// aside is passed on as an error that says so: a pipeline and a bare router on
// streams carry it out, and other middleware should let it pass.
//
// With a transport that cannot put a message aside, all waits are in its place and
// at most 10 seconds, and attempts are counted in this process only.
//
// The zero value works. The middleware may be used by any number of handlers.
type Retry struct {
	// MaxAttempts is how often the handler is called for a message, in all
	// processes and deliveries together. Calls that end with the death of their
	// process do not count: a subscriber's MaxUnfinished is for those.
	// Default: 40.
	MaxAttempts int
	// MaxElapsed, if set, is how long after its first failure a message is given up:
	// when the next attempt would be later. The clock is that of the process that
	// saw the failure.
	MaxElapsed time.Duration
	// InitialInterval bounds the wait before the second attempt, MaxInterval every
	// wait. Defaults: 50 milliseconds and 10 minutes.
	InitialInterval, MaxInterval time.Duration
	// HoldUpTo is the longest wait that a message keeps its place for, where it
	// holds up others. With the defaults these are the first two. Negative: none.
	// Default: 100 milliseconds.
	HoldUpTo time.Duration
	// AttemptTimeout, if set, ends the message's context for one attempt after
	// this time.
	AttemptTimeout time.Duration
	// ShouldRetry, if set, tells which errors another attempt may mend. Any other
	// is permanent.
	ShouldRetry func(error) bool
	// OnRetry, if set, is called before each wait with the attempt that failed,
	// from 1, its error and how long the wait is.
	OnRetry func(msg *message.Message, attempt int, err error, wait time.Duration)
}

// Middleware wraps a handler.
func (r Retry) Middleware(next message.HandlerFunc) message.HandlerFunc {
	r.setDefaults()
	if r.AttemptTimeout > 0 {
		next = r.limited(next)
	}
	return func(msg *message.Message) ([]*message.Message, error) {
		ctx := msg.Context()
		h := handoff.FromContext(ctx)
		var start handoff.Savepoint
		if h != nil {
			h.Resume()
			start = h.Savepoint()
		}
		payload := msg.Payload
		metadata := snapshotOf(msg.Metadata)
		made, err := next(msg)
		if err == nil {
			return made, nil
		}
		run := &retrying{Retry: &r, msg: msg, ctx: ctx, metadata: metadata, payload: payload, handoff: h, start: start}
		return run.goOn(next, err)
	}
}

// limited gives each call of a handler a deadline.
func (r Retry) limited(next message.HandlerFunc) message.HandlerFunc {
	return func(msg *message.Message) ([]*message.Message, error) {
		ctx := msg.Context()
		limited, cancel := context.WithTimeoutCause(ctx, r.AttemptTimeout,
			fmt.Errorf("no answer within %v: %w", r.AttemptTimeout, context.DeadlineExceeded))
		defer cancel()
		defer msg.SetContext(ctx)
		msg.SetContext(limited)
		made, err := next(msg)
		for _, m := range made {
			if m != nil {
				// They are published after the attempt's context has ended.
				m.SetContext(context.WithoutCancel(m.Context()))
			}
		}
		return made, err
	}
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
	if r.HoldUpTo == 0 {
		r.HoldUpTo = DefaultHoldUpTo
	}
}

// interval bounds the wait after that many failures.
func (r *Retry) interval(failures int) time.Duration {
	interval := min(r.InitialInterval, r.MaxInterval)
	for i := 1; i < failures && interval < r.MaxInterval; i++ {
		// Not doubled first: it might overflow.
		if interval > r.MaxInterval/2 {
			return r.MaxInterval
		}
		interval *= 2
	}
	return interval
}

// retrying is one delivery of a message that failed.
type retrying struct {
	*Retry
	msg      *message.Message
	ctx      context.Context
	metadata snapshot
	payload  message.Payload
	handoff  *handoff.Handoff
	start    handoff.Savepoint
	// history is that of all deliveries.
	history handoff.History
}

// goOn calls the handler again and again, after it failed.
func (r *retrying) goOn(next message.HandlerFunc, err error) (made []*message.Message, _ error) {
	if r.handoff != nil {
		r.history = r.handoff.History
	}
	for err != nil {
		r.undo()
		if err := r.judge(err); err != nil {
			return nil, err
		}
		r.repeat()
		made, err = next(r.msg)
	}
	return made, nil
}

// undo undoes what a failed attempt did to the message, and not only before another
// one: whoever is outside may yet acknowledge it, a poison queue for one.
func (r *retrying) undo() {
	if r.handoff != nil {
		r.handoff.Rollback(r.start)
	}
	r.msg.Metadata = r.metadata.metadata()
	r.msg.Payload = r.payload
	r.msg.SetContext(r.ctx)
}

// judge returns nil after a wait when there is to be another attempt here, and
// otherwise the error to pass on.
func (r *retrying) judge(err error) error {
	if aside, ok := handoff.AsideOf(err); ok {
		return r.putAside(aside, err)
	}
	if kind, ok := handoff.PoisonKind(err); ok {
		return handoff.Poisonous(kind, r.history.Failures+1, err)
	}
	if handoff.IsVerdict(err) || r.ctx.Err() != nil {
		return err
	}
	r.history.Failures++
	if r.history.Failing.IsZero() {
		r.history.Failing = time.Now()
	}
	if r.ShouldRetry != nil && !r.ShouldRetry(err) {
		return handoff.Poisonous(handoff.KindPermanent, r.history.Failures, err)
	}
	if r.history.Failures >= r.MaxAttempts {
		return handoff.Exhausted(fmt.Errorf("given up after %d attempts: %w", r.history.Failures, err), r.history.Failures)
	}
	bound := r.interval(r.history.Failures)
	if r.handoff == nil {
		bound = min(bound, mostHeld)
	}
	delay := time.Millisecond + rand.N(bound)
	if elapsed := time.Since(r.history.Failing); r.MaxElapsed > 0 && elapsed+delay > r.MaxElapsed {
		return handoff.Exhausted(fmt.Errorf("given up after %d attempts in %v: %w",
			r.history.Failures, elapsed.Round(time.Millisecond), err), r.history.Failures)
	}
	if r.OnRetry != nil {
		r.OnRetry(r.msg, r.history.Failures, err, delay)
	}
	return r.await(delay, bound, err)
}

// putAside puts the message aside as it was asked for inside.
func (r *retrying) putAside(aside handoff.Aside, err error) error {
	if r.handoff == nil {
		// It would come again at once. A pipeline waits for the rest.
		held := min(aside.For, mostHeld)
		wait(r.ctx, held)
		aside.For -= held
		return handoff.PutAside(aside, err)
	}
	// Another Retry inside knows more of this delivery.
	if aside.Failures < r.history.Failures {
		aside.History = r.history
	}
	// If it was staged, the rollback has dropped it.
	return putAside(r.handoff, aside, err)
}

// repeat notes that the handler is called again in this delivery.
func (r *retrying) repeat() {
	if r.handoff != nil {
		r.handoff.Repeat()
		r.history.Repeats = r.handoff.Repeated()
	}
}

// await waits here, or puts the message aside for it.
func (r *retrying) await(delay, bound time.Duration, cause error) error {
	switch {
	case r.handoff == nil:
		observe.From(r.ctx).Retried(r.history.Failures, delay, cause)
		if !wait(r.ctx, delay) {
			return cause
		}
		return nil
	case bound <= r.HoldUpTo:
		observe.From(r.ctx).Retried(r.history.Failures, delay, cause)
		// Also when the transport stops: what is under way is finished.
		if !pause.For(r.ctx, nil, delay) {
			return cause
		}
		return nil
	default:
		return putAside(r.handoff, handoff.Aside{For: delay, History: r.history}, fmt.Errorf("attempt %d: %w", r.history.Failures, cause))
	}
}
