package middleware_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/middleware"
)

// deliver calls a handler as with the delivery of a message, and returns what it
// asks the transport for.
func deliver(t *testing.T, d handoff.Delivery, handle message.HandlerFunc) (handoff.Effects, error) {
	t.Helper()
	ctx := handoff.NewContext(t.Context(), d, nil)
	defer ctx.End()
	h := &ctx.Handoff
	_, err := handle(message.NewMessageWithContext(ctx, "1", nil))
	return h.Settle(), err
}

// The one policy: the first attempts in place, then put aside for longer and
// longer, over as many deliveries as it takes, and then given up.
func TestRetryGoesOnOverDeliveries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls, attempts := 0, []int{}
		retry := middleware.Retry{
			MaxAttempts: 7, MaxInterval: time.Second,
			OnRetry: func(_ *message.Message, attempt int, err error, wait time.Duration) {
				require.ErrorIs(t, err, errHiccup)
				require.Positive(t, wait)
				attempts = append(attempts, attempt)
			},
		}
		handle := retry.Middleware(failing(math.MaxInt, errHiccup, &calls))
		began := time.Now()
		var history handoff.History
		for i, want := range []struct {
			calls int
			most  time.Duration
		}{
			{3, 200 * time.Millisecond}, // 50 ms and 100 ms are within HoldUpTo
			{4, 400 * time.Millisecond},
			{5, 800 * time.Millisecond},
			{6, time.Second},
		} {
			effects, err := deliver(t, handoff.Delivery{Attempt: i + 1, History: history}, handle)
			require.True(t, effects.Park)
			require.False(t, effects.Uncounted)
			require.Greater(t, effects.For, time.Duration(0))
			require.LessOrEqual(t, effects.For, want.most+time.Millisecond)
			require.Equal(t, want.calls, calls)
			require.Equal(t, want.calls, effects.Failures)
			require.Equal(t, 2, effects.Repeats, "within the first delivery")
			require.Equal(t, began, effects.Failing)
			aside, ok := handoff.AsideOf(err)
			require.True(t, ok, "whoever is outside must see that it comes again: %v", err)
			require.Equal(t, effects.Aside, aside)
			require.ErrorIs(t, err, errHiccup)
			history = effects.History
		}
		effects, err := deliver(t, handoff.Delivery{Attempt: 5, History: history}, handle)
		require.False(t, effects.Park)
		kind, _ := handoff.PoisonKind(err)
		require.Equal(t, handoff.KindExhausted, kind)
		require.Equal(t, 7, handoff.Attempts(err))
		require.ErrorContains(t, err, "given up after 7 attempts: hiccup")
		require.Equal(t, 7, calls)
		require.Equal(t, []int{1, 2, 3, 4, 5, 6}, attempts)
	})
}

func TestRetryGivesUpWhenTheTimeIsUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		handle := middleware.Retry{MaxElapsed: time.Hour}.Middleware(failing(math.MaxInt, errHiccup, &calls))
		for name, c := range map[string]struct {
			ago     time.Duration
			givesUp bool
		}{
			"the next attempt is within it": {10 * time.Minute, false},
			"the next attempt may not be":   {time.Hour, true},
		} {
			history := handoff.History{Failures: 9, Failing: time.Now().Add(-c.ago)}
			effects, err := deliver(t, handoff.Delivery{Attempt: 9, History: history}, handle)
			require.Equal(t, !c.givesUp, effects.Park, name)
			_, final := handoff.PoisonKind(err)
			require.Equal(t, c.givesUp, final, name)
			if c.givesUp {
				require.ErrorContains(t, err, "given up after 10 attempts in 1h0m0s: hiccup")
			}
		}
	})
}

// A verdict that puts the message aside takes along what is known of its failures.
func TestRetryAfterIsNoFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		history := handoff.History{Failures: 3, Failing: time.Now(), Repeats: 1}
		effects, err := deliver(t, handoff.Delivery{Attempt: 3, History: history},
			middleware.Retry{MaxAttempts: 4}.Middleware(func(*message.Message) ([]*message.Message, error) {
				return nil, middleware.RetryAfter(time.Hour)
			}))
		require.True(t, effects.Park)
		require.Equal(t, time.Hour, effects.For)
		require.Equal(t, history, effects.History)
		require.EqualError(t, err, "millstream: message put aside for 1h0m0s")
	})
}

func TestRetryHoldsAMessageAsLongAsItIsTold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		holdUpTo time.Duration
		calls    int
		parked   bool
	}{
		"by default":  {0, 3, true},
		"not at all":  {-1, 1, true},
		"for a while": {time.Second, 6, true},
		"for good":    {time.Hour, 8, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				retry := middleware.Retry{MaxAttempts: 8, HoldUpTo: c.holdUpTo}
				effects, _ := deliver(t, handoff.Delivery{Attempt: 1}, retry.Middleware(failing(math.MaxInt, errHiccup, &calls)))
				require.Equal(t, c.calls, calls)
				require.Equal(t, c.parked, effects.Park)
			})
		})
	}
}

// What is under way is finished when the transport stops; but where a message can
// only be held, it is held no longer.
func TestRetryWhenTheTransportStops(t *testing.T) {
	t.Parallel()
	stopping := make(chan struct{})
	close(stopping)
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		handle := middleware.Retry{}.Middleware(failing(2, errHiccup, &calls))
		effects, err := deliver(t, handoff.Delivery{Attempt: 1, Stopping: stopping}, handle)
		require.NoError(t, err)
		require.False(t, effects.Park)
		require.Equal(t, 3, calls)

		calls = 0
		ctx := handoff.WithStopping(t.Context(), stopping)
		_, err = handle(message.NewMessageWithContext(ctx, "1", nil))
		require.ErrorIs(t, err, errHiccup)
		_, final := handoff.PoisonKind(err)
		require.False(t, final, "it comes again")
		require.Equal(t, 1, calls)
	})
}

func TestRetryOfAMessageWhoseContextEndsCountsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := handoff.NewContext(t.Context(), handoff.Delivery{Attempt: 1}, nil)
		_, err := middleware.Retry{}.Middleware(func(*message.Message) ([]*message.Message, error) {
			ctx.End()
			return nil, context.Canceled
		})(message.NewMessageWithContext(ctx, "1", nil))
		require.ErrorIs(t, err, context.Canceled)
		require.False(t, handoff.IsVerdict(err))
		require.Empty(t, ctx.Handoff.Settle())
	})
}

// Of huge intervals as of small ones: none is above the greatest, none is negative.
func TestRetryIntervalsDoNotOverflow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, retry := range []middleware.Retry{
			{MaxInterval: math.MaxInt64 - time.Second},
			{InitialInterval: math.MaxInt64 - time.Second},
			{InitialInterval: time.Hour, MaxInterval: time.Second},
		} {
			retry.MaxAttempts, retry.HoldUpTo = math.MaxInt, -1
			calls := 0
			for _, failures := range []int{0, 1, 10, 62, 63, 64, 1000} {
				effects, _ := deliver(t, handoff.Delivery{History: handoff.History{Failures: failures}},
					retry.Middleware(failing(math.MaxInt, errHiccup, &calls)))
				require.True(t, effects.Park)
				require.Positive(t, effects.For)
				if retry.MaxInterval == time.Second {
					require.LessOrEqual(t, effects.For, time.Second+time.Millisecond)
				}
			}
		}
	})
}

func TestRetryKeepsThePoisonKindOfAnErrorAndCountsItsRuns(t *testing.T) {
	t.Parallel()
	calls := 0
	_, err := deliver(t, handoff.Delivery{Attempt: 2, History: handoff.History{Failures: 4, Failing: time.Now()}},
		middleware.Retry{}.Middleware(failing(1, handoff.Malformed(errors.New("no JSON")), &calls)))
	kind, _ := handoff.PoisonKind(err)
	require.Equal(t, handoff.KindMalformed, kind)
	require.Equal(t, 5, handoff.Attempts(err))
}

// Without a handoff a message cannot be put aside, and would come again at once.
func TestRetryAfterWithoutAHandoffIsHeldForAWhile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ after, want time.Duration }{
		"for a moment": {time.Second, time.Second},
		"for long":     {time.Hour, 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				_, err := middleware.Retry{}.Middleware(func(*message.Message) ([]*message.Message, error) {
					return nil, middleware.RetryAfter(c.after)
				})(message.NewMessageWithContext(t.Context(), "1", nil))
				require.Error(t, err)
				require.Equal(t, c.want, time.Since(began))
			})
		})
	}
}

func TestRetryRestoresThePayload(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		msg, seen := message.NewMessageWithContext(t.Context(), "1", []byte("a")), []string{}
		_, err := middleware.Retry{MaxAttempts: 3}.Middleware(func(msg *message.Message) ([]*message.Message, error) {
			seen = append(seen, string(msg.Payload))
			msg.Payload = append(message.Payload("x"), msg.Payload...)
			return nil, errHiccup
		})(msg)
		require.Error(t, err)
		require.Equal(t, []string{"a", "a", "a"}, seen)
		require.Equal(t, "a", string(msg.Payload))
	})
}
