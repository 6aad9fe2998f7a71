package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/sony/gobreaker/v2"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/middleware"
)

var errDown = errors.New("the bank does not answer")

// bank is a handler whose dependency answers as it is told to.
type bank struct {
	mu     sync.Mutex
	answer func(*message.Message) error
	calls  int
}

func (b *bank) handle(msg *message.Message) ([]*message.Message, error) {
	b.mu.Lock()
	b.calls++
	answer := b.answer
	b.mu.Unlock()
	if answer != nil {
		if err := answer(msg); err != nil {
			return nil, err
		}
	}
	return echo(msg)
}

func (b *bank) says(answer func(*message.Message) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer = answer
}

func (b *bank) asked() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.calls
}

func always(err error) func(*message.Message) error {
	return func(*message.Message) error { return err }
}

// send has a handler handle a new message with a handoff.
func send(t *testing.T, handler message.HandlerFunc) (*handoff.Handoff, error) {
	t.Helper()
	msg, h := delivery(t, "g", "1", nil)
	_, err := handler(msg)
	return h, err
}

// breakNow fails so often that the breaker is open.
func breakNow(t *testing.T, b *bank, handler message.HandlerFunc, failures int) {
	t.Helper()
	b.says(always(errDown))
	for range failures {
		_, err := send(t, handler)
		require.ErrorIs(t, err, errDown)
		require.False(t, handoff.IsVerdict(err), "these did fail")
	}
}

func TestABreakerOpensProbesAndCloses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var b bank
		var changes []string
		handler := middleware.CircuitBreaker{Name: "bank", OnStateChange: func(name string, from, to gobreaker.State) {
			changes = append(changes, fmt.Sprintf("%s: %v to %v", name, from, to))
		}}.Middleware(b.handle)
		breakNow(t, &b, handler, middleware.DefaultBreakerFailures)
		opened := time.Now()
		require.Equal(t, 5, b.asked())

		h, err := send(t, handler)
		require.ErrorIs(t, err, gobreaker.ErrOpenState)
		require.Equal(t, 100*time.Millisecond, time.Since(opened), "it is held for a moment")
		d := requireAside(t, h, err)
		require.GreaterOrEqual(t, time.Since(opened)+d, 30*time.Second)
		require.LessOrEqual(t, time.Since(opened)+d, 46*time.Second)
		require.Equal(t, 5, b.asked(), "while it is open nothing runs")

		time.Sleep(30 * time.Second)
		_, err = send(t, handler)
		require.ErrorIs(t, err, errDown, "that was the probe")
		h, err = send(t, handler)
		require.ErrorIs(t, err, gobreaker.ErrOpenState)
		requireAside(t, h, err)
		require.Equal(t, 6, b.asked())

		time.Sleep(30 * time.Second)
		b.says(nil)
		for range 10 {
			_, err = send(t, handler)
			require.NoError(t, err)
		}
		require.Equal(t, []string{
			"bank: closed to open", "bank: open to half-open", "bank: half-open to open",
			"bank: open to half-open", "bank: half-open to closed",
		}, changes)
	})
}

func TestWhatOpensABreaker(t *testing.T) {
	t.Parallel()
	notFound := errors.New("no such account")
	for name, c := range map[string]struct {
		breaker middleware.CircuitBreaker
		answer  func(*message.Message) error
		opens   bool
	}{
		"an error":                         {answer: always(errDown), opens: true},
		"a panic":                          {answer: func(*message.Message) error { panic("bank") }, opens: true},
		"a deadline":                       {answer: tooLate, opens: true},
		"attempts that were used up":       {answer: always(handoff.Exhausted(errDown, 3)), opens: true},
		"failures that put aside":          {answer: always(handoff.PutAside(handoff.Aside{For: time.Hour, History: handoff.History{Failures: 3}}, errDown)), opens: true},
		"not a message that is skipped":    {answer: always(handoff.ErrSkip)},
		"not a permanent error":            {answer: always(handoff.Permanent(errDown))},
		"not a malformed message":          {answer: always(fmt.Errorf("decode: %w", handoff.Malformed(errDown)))},
		"not one that is to come later":    {answer: always(handoff.RetryAfter(time.Hour))},
		"not one limited inside":           {answer: always(handoff.PutAside(handoff.Aside{For: time.Hour, Uncounted: true}, nil))},
		"not the end of the process":       {answer: cancelled},
		"not what the user says is none":   {breaker: middleware.CircuitBreaker{IsFailure: func(err error) bool { return !errors.Is(err, notFound) }}, answer: always(notFound)},
		"what the user says is one":        {breaker: middleware.CircuitBreaker{IsFailure: func(err error) bool { return errors.Is(err, errDown) }}, answer: always(errDown), opens: true},
		"not before the user says so":      {breaker: middleware.CircuitBreaker{ReadyToTrip: func(c gobreaker.Counts) bool { return c.Requests > 100 }}, answer: always(errDown)},
		"when the user says so":            {breaker: middleware.CircuitBreaker{ReadyToTrip: func(c gobreaker.Counts) bool { return c.TotalFailures >= 3 }}, answer: always(errDown), opens: true},
		"not what is forgotten in between": {breaker: middleware.CircuitBreaker{Window: time.Millisecond}, answer: later(errDown)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var b bank
				b.says(c.answer)
				handler := middleware.Recoverer(c.breaker.Middleware(b.handle))
				opened := false
				for range 20 {
					msg, _ := delivery(t, "g", "1", nil)
					ctx, cancel := context.WithCancel(msg.Context())
					msg.SetContext(context.WithValue(ctx, cancelKey{}, cancel))
					_, err := handler(msg)
					cancel()
					if errors.Is(err, gobreaker.ErrOpenState) {
						opened = true
						break
					}
					require.Error(t, err)
				}
				require.Equal(t, c.opens, opened)
			})
		})
	}
}

type cancelKey struct{}

// cancelled is the answer to a message whose process stops.
func cancelled(msg *message.Message) error {
	msg.Context().Value(cancelKey{}).(context.CancelFunc)()
	return fmt.Errorf("ask the bank: %w", msg.Context().Err())
}

// tooLate is the answer when there was a time for it.
func tooLate(msg *message.Message) error {
	ctx, cancel := context.WithTimeout(msg.Context(), time.Second)
	defer cancel()
	<-ctx.Done()
	return fmt.Errorf("ask the bank: %w", ctx.Err())
}

func later(err error) func(*message.Message) error {
	return func(*message.Message) error {
		time.Sleep(2 * time.Millisecond)
		return err
	}
}

// The time that Retry gives an attempt ends the context that the breaker sees.
func TestAttemptsThatTakeTooLongOpenTheBreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var b bank
		b.says(func(msg *message.Message) error {
			<-msg.Context().Done()
			return msg.Context().Err()
		})
		retry := middleware.Retry{MaxAttempts: 100, AttemptTimeout: time.Second, HoldUpTo: time.Hour}
		h, err := send(t, retry.Middleware(middleware.CircuitBreaker{}.Middleware(b.handle)))
		require.ErrorIs(t, err, gobreaker.ErrOpenState)
		requireAsideVerdict(t, err)
		require.Equal(t, 5, b.asked())
		require.NotNil(t, h)
	})
}

func requireAsideVerdict(t *testing.T, err error) {
	t.Helper()
	aside, ok := handoff.AsideOf(err)
	require.True(t, ok, "%v", err)
	require.True(t, aside.Uncounted)
}

func TestFailuresCountInARow(t *testing.T) {
	t.Parallel()
	var b bank
	handler := middleware.CircuitBreaker{Failures: 3}.Middleware(b.handle)
	for range 10 {
		for _, answer := range []error{errDown, errDown, nil} {
			b.says(always(answer))
			_, err := send(t, handler)
			require.ErrorIs(t, err, answer)
		}
	}
	// What says nothing about the bank neither counts nor begins a new row.
	for _, answer := range []error{errDown, handoff.Permanent(errHiccup), errDown, handoff.ErrSkip, errDown} {
		b.says(always(answer))
		_, err := send(t, handler)
		require.ErrorIs(t, err, answer)
	}
	_, err := send(t, handler)
	require.ErrorIs(t, err, gobreaker.ErrOpenState)
}

// A message that never got to the bank does not show that it is back.
func TestAProbeThatDidNotProbeIsFollowedByAnother(t *testing.T) {
	t.Parallel()
	for name, verdict := range map[string]error{
		"limited":   handoff.PutAside(handoff.Aside{For: time.Second, Uncounted: true}, nil),
		"malformed": handoff.Malformed(errHiccup),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var b bank
				handler := middleware.CircuitBreaker{}.Middleware(b.handle)
				breakNow(t, &b, handler, 5)
				time.Sleep(31 * time.Second)
				b.says(always(verdict))
				for range 10 {
					_, err := send(t, handler)
					require.ErrorIs(t, err, verdict)
				}
				b.says(always(errDown))
				_, err := send(t, handler)
				require.ErrorIs(t, err, errDown)
				_, err = send(t, handler)
				require.ErrorIs(t, err, gobreaker.ErrOpenState, "one failure is enough when it probes")
			})
		})
	}
}

func TestAPanicOfAProbeDoesNotKeepTheBreakerHalfOpen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var b bank
		handler := middleware.Recoverer(middleware.CircuitBreaker{}.Middleware(b.handle))
		breakNow(t, &b, handler, 5)
		b.says(func(*message.Message) error { panic("bank") })
		for range 3 {
			time.Sleep(31 * time.Second)
			_, err := send(t, handler)
			require.ErrorAs(t, err, &middleware.PanicError{})
		}
		time.Sleep(31 * time.Second)
		b.says(nil)
		_, err := send(t, handler)
		require.NoError(t, err)
	})
}

func TestThoseBeyondTheProbesArePutAsideForAShortTime(t *testing.T) {
	t.Parallel()
	for _, probes := range []int{1, 3} {
		t.Run(fmt.Sprint(probes), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var b bank
				handler := middleware.CircuitBreaker{Probes: probes}.Middleware(b.handle)
				breakNow(t, &b, handler, 5)
				time.Sleep(31 * time.Second)
				answered := make(chan struct{})
				b.says(func(*message.Message) error {
					<-answered
					return nil
				})
				time.AfterFunc(10*time.Second, func() { close(answered) })
				passed := 0
				handleAll(handler, 50, func() *message.Message {
					msg, _ := delivery(t, "g", "1", nil)
					return msg
				}, func(msg *message.Message, err error) {
					if err == nil {
						passed++
						return
					}
					require.ErrorIs(t, err, gobreaker.ErrTooManyRequests)
					d := requireAside(t, handoff.FromContext(msg.Context()), err)
					require.GreaterOrEqual(t, d, 500*time.Millisecond)
					require.LessOrEqual(t, d, 1500*time.Millisecond)
				})
				require.Equal(t, probes, passed)
				_, err := send(t, handler)
				require.NoError(t, err, "it is closed")
			})
		})
	}
}

func TestWithoutAHandoffTheOpenTimeIsWaitedForInPlace(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		openFor time.Duration
		stop    time.Duration
		took    time.Duration
		runs    bool
	}{
		"until it is over":             {openFor: 8 * time.Second, took: 8 * time.Second, runs: true},
		"but not for long":             {openFor: time.Minute, took: 10 * time.Second},
		"until the transport is ended": {openFor: 8 * time.Second, stop: time.Second, took: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var b bank
				handler := middleware.CircuitBreaker{OpenFor: c.openFor}.Middleware(b.handle)
				breakNow(t, &b, handler, 5)
				b.says(nil)
				stopping := make(chan struct{})
				if c.stop > 0 {
					time.AfterFunc(c.stop, func() { close(stopping) })
				}
				start := time.Now()
				_, err := handler(withoutHandoff(t, stopping))
				require.InDelta(t, c.took, time.Since(start), float64(2*time.Millisecond))
				if c.runs {
					require.NoError(t, err)
					return
				}
				require.ErrorIs(t, err, gobreaker.ErrOpenState)
				require.False(t, handoff.IsVerdict(err))
				require.Equal(t, 5, b.asked())
			})
		})
	}
}

func TestNothingIsHeldByABreakerWhenTheTransportStops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var b bank
		handler := middleware.CircuitBreaker{}.Middleware(b.handle)
		breakNow(t, &b, handler, 5)
		stopping := make(chan struct{})
		close(stopping)
		start := time.Now()
		msg, h := delivery(t, "g", "1", stopping)
		_, err := handler(msg)
		requireAside(t, h, err)
		require.Zero(t, time.Since(start))
	})
}

func TestEachHandlerHasABreakerOfItsOwn(t *testing.T) {
	t.Parallel()
	var down, up bank
	breaker := middleware.CircuitBreaker{}
	broken, sound := breaker.Middleware(down.handle), breaker.Middleware(up.handle)
	breakNow(t, &down, broken, 5)
	_, err := send(t, sound)
	require.NoError(t, err)
}

// A breaker of the user's own inside the handler may refuse, too: that is an error of
// the handler like any other, which did run.
func TestARefusalInsideTheHandlerIsAnErrorOfTheHandler(t *testing.T) {
	t.Parallel()
	var b bank
	b.says(always(gobreaker.ErrOpenState))
	handler := middleware.CircuitBreaker{}.Middleware(b.handle)
	for range 5 {
		_, err := send(t, handler)
		require.Equal(t, gobreaker.ErrOpenState, err)
	}
	require.Equal(t, 5, b.asked())
}
