package middleware

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/cenkalti/backoff/v5"

	"github.com/millstream-go/millstream/internal/handoff"
)

// ErrNoLimiter is returned for each message by a [RateLimit] without a Limiter.
var ErrNoLimiter = errors.New("the RateLimit has no Limiter: give it one, of PerProcess or of redisstore.NewLimiter")

// ErrLimitRefused is what the error of a [Limiter] wraps when to ask again will not help:
// the message fails with it, as it does with an error of the handler. Other errors are
// taken for an outage.
var ErrLimitRefused = errors.New("the limiter is refused")

// RateLimit lets a handler begin with so many messages in a time, as its Limiter
// says. Each run of the handler takes a token first, also one that is a retry.
//
// Without a Key the limit is the handler's as a whole. A message is held in its place
// as long as it takes, for nothing else could run either: the order is kept. Handlers
// that share a Limiter do not share tokens: each has a key of its own, GROUP@TOPIC with
// the consumer group and topic of its transport, the same in all processes, and where
// the transport has no handoff NAME@TOPIC with the handler's name in its router. So a
// stage that reads merged flows has the tokens once for each of them.
//
// With a Key each key has its tokens, and a message of one that is used up lets those
// of others pass: it is held for up to HoldUpTo and then put aside until about when it
// is its turn. Messages of one key that are put aside come back one after the other, so
// order is kept about, but not strictly. Keys are taken as they are: handlers that share
// a Limiter share the tokens of equal keys, unless the Key puts the handler's name into
// them. A transport without a handoff, such as stock Watermill ones, cannot put aside:
// there the message is held as long as it takes.
//
// To be limited is not the message's fault and uses up none of its attempts. When the
// transport stops, a message that waits is put aside for the rest of its wait; without a
// handoff it fails with a plain error, and comes again. While the Limiter fails, because
// its Redis is away for one, the message waits in its place, and the Limiter is asked
// again after growing pauses of 50 milliseconds to 5 seconds. Only if that will not help,
// as its error says with [ErrLimitRefused], the message fails.
//
// The middleware may be used by any number of handlers.
type RateLimit struct {
	// Limiter hands out the tokens. Without one each message fails with [ErrNoLimiter].
	Limiter Limiter
	// Key returns what a message takes a token of. Messages with an empty key are not
	// limited. Default: all messages of the handler take of the same.
	Key func(*message.Message) string
	// HoldUpTo is for how long a message is held in its place at most, if there is a
	// Key, before it is put aside. Default: 100 milliseconds. A negative one holds none.
	HoldUpTo time.Duration
	// OnLimited, if set, is called once for each delivery that has to wait, with how
	// long at least. It may be called concurrently.
	OnLimited func(msg *message.Message, wait time.Duration)
	// OnError, if set, is called each time the Limiter has failed to answer for a
	// message, which goes on waiting. It may be called concurrently.
	OnError func(msg *message.Message, err error)
}

// Middleware wraps a handler.
func (r RateLimit) Middleware(next message.HandlerFunc) message.HandlerFunc {
	if r.HoldUpTo == 0 {
		r.HoldUpTo = DefaultHoldUpTo
	}
	limit := &rateLimit{RateLimit: r, turn: make(chan struct{}, 1)}
	return func(msg *message.Message) ([]*message.Message, error) {
		if r.Limiter == nil {
			return nil, ErrNoLimiter
		}
		if err := limit.pass(msg); err != nil {
			return nil, err
		}
		return next(msg)
	}
}

// rateLimit is a RateLimit at work for one handler.
type rateLimit struct {
	RateLimit

	// turn holds one token, for those who wait without a Key: one of them asks the
	// Limiter, the others wait until it has what it wants.
	turn   chan struct{}
	spread spread
}

// limited is a message on its way past the limit.
type limited struct {
	*rateLimit

	msg     *message.Message
	ctx     context.Context
	handoff *handoff.Handoff
	key     string
}

// pass returns nil when the handler may run.
func (r *rateLimit) pass(msg *message.Message) error {
	ctx := msg.Context()
	l := limited{rateLimit: r, msg: msg, ctx: ctx, handoff: handoff.FromContext(ctx)}
	if l.handoff != nil {
		l.handoff.Resume()
	}
	if r.Key == nil {
		l.key = scope(ctx, l.handoff)
	} else if l.key = r.Key(msg); l.key == "" {
		return nil
	}
	wait, err := l.ask()
	if err != nil || wait == 0 {
		return err
	}
	if r.OnLimited != nil {
		r.OnLimited(msg, wait)
	}
	if r.Key == nil {
		return l.queue(wait)
	}
	return l.hold(wait)
}

// scope is the key of a handler as a whole.
func scope(ctx context.Context, h *handoff.Handoff) string {
	if h != nil {
		return h.Group + "@" + h.Topic
	}
	return message.HandlerNameFromCtx(ctx) + "@" + message.SubscribeTopicFromCtx(ctx)
}

// queue waits for those of the handler that came before, and then for a token.
func (l *limited) queue(rest time.Duration) error {
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-l.ctx.Done():
		return l.halted(rest, nil)
	case <-handoff.Stopping(l.ctx):
		return l.halted(rest, nil)
	}
	rest, err := l.ask()
	if err != nil {
		return err
	}
	return l.hold(rest)
}

// hold waits for a token; if there is one for others in the meantime, not for long.
func (l *limited) hold(rest time.Duration) error {
	begun := time.Now()
	patient := l.Key == nil || l.handoff == nil
	for rest > 0 {
		if !patient && time.Since(begun)+rest > l.HoldUpTo {
			return putAside(l.handoff, handoff.Aside{For: l.spread.next(l.key, rest), Uncounted: true}, errLimited)
		}
		if !wait(l.ctx, rest) {
			return l.halted(rest, nil)
		}
		var err error
		if rest, err = l.ask(); err != nil {
			return err
		}
	}
	return nil
}

// ask asks the limiter until it answers.
func (l *limited) ask() (time.Duration, error) {
	var pauses *backoff.ExponentialBackOff
	for {
		rest, err := l.Limiter.Take(l.ctx, l.key)
		if err == nil {
			return max(rest, 0), nil
		}
		if l.OnError != nil && l.ctx.Err() == nil {
			l.OnError(l.msg, err)
		}
		if errors.Is(err, ErrLimitRefused) {
			return 0, fmt.Errorf("rate limit: %w", err)
		}
		if pauses == nil {
			pauses = limiterPauses()
		}
		pause := pauses.NextBackOff()
		if !wait(l.ctx, pause) {
			return 0, l.halted(pause, err)
		}
	}
}

// halted is what becomes of a message that can wait here no longer.
func (l *limited) halted(rest time.Duration, cause error) error {
	if cause == nil {
		cause = context.Cause(l.ctx)
	}
	if cause == nil {
		cause = errStopping
	}
	cause = fmt.Errorf("rate limit: not waited for to the end: %w", cause)
	if l.handoff == nil {
		return cause
	}
	return putAside(l.handoff, handoff.Aside{For: rest, Uncounted: true}, cause)
}

var (
	// errLimited does not name the key: it may be what nobody may read in a log.
	errLimited = errors.New("rate limit reached")
	// errStopping is why a wait ended that neither time nor the message's context ended.
	errStopping = errors.New("the transport stops")
)

func limiterPauses() *backoff.ExponentialBackOff {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval = 50 * time.Millisecond
	pauses.MaxInterval = 5 * time.Second
	pauses.Multiplier = 2
	return pauses
}
