package middleware

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/sony/gobreaker/v2"

	"github.com/millstream-go/millstream/internal/handoff"
)

// Defaults of [CircuitBreaker].
const (
	DefaultBreakerFailures = 5
	DefaultBreakerOpenFor  = 30 * time.Second
	DefaultBreakerProbes   = 1
)

const (
	// heldParkable is how long a message is held when the breaker does not let it
	// through, before it is put aside. It keeps a lane, which could do nothing else,
	// from putting a whole backlog aside as fast as it can read it.
	heldParkable = 100 * time.Millisecond
	// heldHere is the same for messages that cannot be put aside, before they fail.
	heldHere = 10 * time.Second
	// longestProbing is how soon at the latest a message is tried again that came
	// while the breaker let through others to see.
	longestProbing = time.Second
)

// CircuitBreaker stops calling a handler whose dependency is down. After so many
// failures in a row it opens, and for OpenFor nothing runs. Then as many messages as
// Probes are let through: when so many have succeeded it closes, when one fails it is
// open again. Each handler that it wraps has a breaker of its own in each process, a
// [gobreaker.CircuitBreaker].
//
// A message that it does not let through is held for up to 100 milliseconds and then
// put aside: until the breaker lets through again and up to half an OpenFor longer, so
// that not all come at once, or, while others probe, for about a tenth of OpenFor and a
// second or so at most. It was not worked on: that is none of its attempts. A transport without a handoff, such as stock Watermill ones,
// cannot put aside: there it is held for up to 10 seconds, and then fails with an error
// that matches [gobreaker.ErrOpenState] or [gobreaker.ErrTooManyRequests]. Neither wait
// holds up the transport when it stops.
//
// A failure is an error of the handler, a panic, and the end of the message's time by a
// deadline. These say nothing about the dependency and count neither as failure nor
// as success:
//
//   - verdicts on the message: that it is skipped, permanently wrong, malformed, or
//     is to come later. A declined card is no failure of the bank. The verdict of a
//     [Retry] inside of the breaker that its attempts have failed is a failure;
//   - errors once the message's context was cancelled, because the process stops;
//   - errors that IsFailure says are none.
//
// What the message itself comes to does not change: the handler's error is passed on.
//
// The zero value works. Watermill's own CircuitBreaker is of the version of gobreaker
// before, which can only count a run as one or the other: a message that somebody
// inside put aside would close a breaker that was probing.
type CircuitBreaker struct {
	// Name is what OnStateChange is told.
	Name string
	// Failures is how many failures in a row open the breaker. Default: 5.
	Failures int
	// ReadyToTrip, if set, decides after each failure in its place whether to open.
	// With it Window is for how long counts are kept; by default they are kept for
	// as long as the breaker stays closed.
	ReadyToTrip func(gobreaker.Counts) bool
	// Window, see ReadyToTrip.
	Window time.Duration
	// OpenFor is how long the breaker stays open. Default: 30 seconds.
	OpenFor time.Duration
	// Probes is how many messages are let through at once to see whether the
	// dependency is back, and how many of them have to succeed. Default: 1.
	Probes int
	// IsFailure, if set, says which errors are failures of the dependency, of those
	// that could be. It may be called concurrently.
	IsFailure func(error) bool
	// OnStateChange, if set, is called when the breaker opens, probes or closes. It
	// must return soon and not run messages: the handler's others wait for it.
	OnStateChange func(name string, from, to gobreaker.State)
}

// Middleware wraps a handler, with a breaker of its own.
func (c CircuitBreaker) Middleware(next message.HandlerFunc) message.HandlerFunc {
	c.setDefaults()
	b := &breaker{CircuitBreaker: c}
	b.state = gobreaker.NewCircuitBreaker[message.Messages](b.settings())
	return func(msg *message.Message) ([]*message.Message, error) { return b.handle(msg, next) }
}

func (c *CircuitBreaker) setDefaults() {
	if c.Failures <= 0 {
		c.Failures = DefaultBreakerFailures
	}
	if c.OpenFor <= 0 {
		c.OpenFor = DefaultBreakerOpenFor
	}
	if c.Probes <= 0 {
		c.Probes = DefaultBreakerProbes
	}
}

// breaker is a CircuitBreaker at work for one handler.
type breaker struct {
	CircuitBreaker

	state *gobreaker.CircuitBreaker[message.Messages]
	// opens is when the breaker lets through again that opened last.
	opens atomic.Pointer[time.Time]
}

func (b *breaker) settings() gobreaker.Settings {
	settings := gobreaker.Settings{
		Name:        b.Name,
		MaxRequests: uint32(min(b.Probes, math.MaxUint32)),
		Interval:    b.Window,
		Timeout:     b.OpenFor,
		ReadyToTrip: b.ReadyToTrip,
		IsExcluded:  isUncounted,
		OnStateChange: func(name string, from, to gobreaker.State) {
			if to == gobreaker.StateOpen {
				opens := time.Now().Add(b.OpenFor)
				b.opens.Store(&opens)
			}
			if b.OnStateChange != nil {
				b.OnStateChange(name, from, to)
			}
		},
	}
	if settings.ReadyToTrip == nil {
		settings.ReadyToTrip = func(c gobreaker.Counts) bool { return int(c.ConsecutiveFailures) >= b.Failures }
	}
	return settings
}

// handle runs the handler when the breaker lets the message through.
func (b *breaker) handle(msg *message.Message, next message.HandlerFunc) (message.Messages, error) {
	ctx := msg.Context()
	h := handoff.FromContext(ctx)
	if h != nil {
		h.Resume()
	}
	hold := heldHere
	if h != nil {
		hold = heldParkable
	}
	for until := time.Now().Add(hold); ; {
		made, ran, err := b.try(ctx, msg, next)
		if ran {
			return made, err
		}
		pause, left := b.pause(err), time.Until(until)
		if wait(ctx, min(pause, left)) && pause <= left {
			continue
		}
		err = fmt.Errorf("message not let through: %w", err)
		if h == nil {
			return nil, err
		}
		return nil, putAside(h, handoff.Aside{For: b.aside(err), Uncounted: true}, err)
	}
}

// try runs the handler if the breaker lets the message through.
func (b *breaker) try(ctx context.Context, msg *message.Message, next message.HandlerFunc) (made message.Messages, ran bool, err error) {
	made, err = b.state.Execute(func() (message.Messages, error) {
		ran = true
		made, err := next(msg)
		if err != nil && !b.isFailure(ctx, err) {
			err = &uncounted{err}
		}
		return made, err
	})
	if u, ok := errors.AsType[*uncounted](err); ok {
		err = u.error
	}
	return made, ran, err
}

// isFailure reports whether an error is one of the dependency.
func (b *breaker) isFailure(ctx context.Context, err error) bool {
	switch aside, isAside := handoff.AsideOf(err); {
	case errors.Is(ctx.Err(), context.Canceled):
		return false
	case isAside && aside.Failures == 0:
		return false
	case !isAside && handoff.IsVerdict(err):
		if kind, _ := handoff.PoisonKind(err); kind != handoff.KindExhausted {
			return false
		}
	}
	return b.IsFailure == nil || b.IsFailure(err)
}

// pause is how long it makes no sense to try again.
func (b *breaker) pause(refusal error) time.Duration {
	if opens := b.opens.Load(); errors.Is(refusal, gobreaker.ErrOpenState) && opens != nil {
		// At the very moment it is still open.
		return max(time.Until(*opens), 0) + time.Millisecond
	}
	probing := max(min(b.OpenFor/10, longestProbing), time.Millisecond)
	return probing/2 + rand.N(probing)
}

// aside is for how long a message is put aside, so that not all come at once.
func (b *breaker) aside(refusal error) time.Duration {
	pause := b.pause(refusal)
	if errors.Is(refusal, gobreaker.ErrOpenState) {
		pause += rand.N(b.OpenFor/2 + 1)
	}
	return pause
}

// uncounted is an error that says nothing about the dependency.
type uncounted struct{ error }

func (u *uncounted) Unwrap() error { return u.error }

func isUncounted(err error) bool {
	_, ok := errors.AsType[*uncounted](err)
	return ok
}
