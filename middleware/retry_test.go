package middleware_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/middleware"
)

var errHiccup = errors.New("hiccup")

// failing is a handler that fails so often and then succeeds.
func failing(times int, err error, calls *int) message.HandlerFunc {
	return func(msg *message.Message) ([]*message.Message, error) {
		*calls++
		if *calls <= times {
			return nil, err
		}
		return message.Messages{output(msg, "made by call "+strconv.Itoa(*calls))}, nil
	}
}

func TestRetryCallsAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		retry       middleware.Retry
		failures    int
		err         error
		calls       int
		kind        string
		least, most time.Duration
	}{
		"not after success":               {calls: 1},
		"after a failure":                 {failures: 1, err: errHiccup, calls: 2, least: time.Millisecond, most: 51 * time.Millisecond},
		"forty times by default":          {failures: 99, err: errHiccup, calls: 40, kind: handoff.KindExhausted, least: time.Minute, most: 8 * time.Minute},
		"as often as told":                {retry: middleware.Retry{MaxAttempts: 5}, failures: 9, err: errHiccup, calls: 5, kind: handoff.KindExhausted, least: 4 * time.Millisecond, most: 754 * time.Millisecond},
		"once if told so":                 {retry: middleware.Retry{MaxAttempts: 1}, failures: 9, err: errHiccup, calls: 1, kind: handoff.KindExhausted},
		"for as long as told":             {retry: middleware.Retry{MaxAttempts: 999, MaxElapsed: time.Minute}, failures: 999, err: errHiccup, calls: -1, kind: handoff.KindExhausted, least: 50 * time.Second, most: time.Minute},
		"with waits that end to grow":     {retry: middleware.Retry{MaxAttempts: 101, InitialInterval: time.Second, MaxInterval: time.Second}, failures: 100, err: errHiccup, calls: 101, least: 20 * time.Second, most: 100*time.Second + 100*time.Millisecond},
		"not when it is not to be":        {retry: middleware.Retry{ShouldRetry: func(err error) bool { return !errors.Is(err, errHiccup) }}, failures: 9, err: errHiccup, calls: 1, kind: handoff.KindPermanent},
		"when it is to be":                {retry: middleware.Retry{ShouldRetry: func(err error) bool { return errors.Is(err, errHiccup) }}, failures: 1, err: errHiccup, calls: 2, most: 51 * time.Millisecond},
		"not after a permanent error":     {failures: 1, err: handoff.Permanent(errHiccup), calls: 1, kind: handoff.KindPermanent},
		"not when it is to come later":    {failures: 1, err: handoff.RetryAfter(time.Hour), calls: 1, least: 10 * time.Second, most: 10 * time.Second},
		"not when the message is skipped": {failures: 1, err: handoff.ErrSkip, calls: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				start := time.Now()
				made, err := c.retry.Middleware(failing(c.failures, c.err, &calls))(message.NewMessage("1", nil))
				took := time.Since(start)
				if c.calls >= 0 {
					require.Equal(t, c.calls, calls)
				}
				require.GreaterOrEqual(t, took, c.least)
				require.LessOrEqual(t, took, c.most)
				if calls > c.failures {
					require.NoError(t, err)
					require.Len(t, made, 1)
					return
				}
				require.ErrorIs(t, err, c.err)
				require.Empty(t, made)
				kind, _ := handoff.PoisonKind(err)
				require.Equal(t, c.kind, kind)
			})
		})
	}
}

func TestRetryTellsOfEachFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		var told []int
		var waits time.Duration
		start := time.Now()
		retry := middleware.Retry{MaxAttempts: 3, OnRetry: func(msg *message.Message, attempt int, err error, wait time.Duration) {
			require.Equal(t, "1", msg.UUID)
			require.ErrorIs(t, err, errHiccup)
			told = append(told, attempt)
			waits += wait
		}}
		_, err := retry.Middleware(failing(9, errHiccup, &calls))(message.NewMessage("1", nil))
		require.ErrorContains(t, err, "given up after 3 attempts: hiccup")
		require.Equal(t, []int{1, 2}, told, "after the last there is no retry")
		require.Equal(t, waits, time.Since(start))
	})
}

func TestRetryEndsWithTheMessagesContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const soon = 500 * time.Microsecond // no wait is so short
		ctx, cancel := context.WithTimeout(t.Context(), soon)
		defer cancel()
		calls := 0
		start := time.Now()
		retry := middleware.Retry{MaxAttempts: 100, InitialInterval: time.Hour, MaxInterval: time.Hour}
		_, err := retry.Middleware(failing(99, errHiccup, &calls))(message.NewMessageWithContext(ctx, "1", nil))
		require.ErrorIs(t, err, errHiccup)
		_, poisoned := handoff.PoisonKind(err)
		require.False(t, poisoned, "the message can be tried again elsewhere")
		require.Equal(t, soon, time.Since(start))
		require.Equal(t, 1, calls)
	})
}

func TestRetryRestoresTheMessage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		msg := message.NewMessage("1", nil)
		msg.Metadata.Set("tenant", "a")
		type key struct{}
		msg.SetContext(context.WithValue(t.Context(), key{}, "outer"))
		_, err := middleware.Retry{MaxAttempts: 3}.Middleware(func(msg *message.Message) ([]*message.Message, error) {
			require.Equal(t, message.Metadata{"tenant": "a"}, msg.Metadata)
			require.Equal(t, "outer", msg.Context().Value(key{}))
			msg.Metadata.Set("tenant", "b")
			msg.Metadata.Set("new", "x")
			msg.SetContext(context.WithValue(msg.Context(), key{}, "inner"))
			return nil, errHiccup
		})(msg)
		require.Error(t, err)
		require.Equal(t, message.Metadata{"tenant": "a"}, msg.Metadata)
	})
}

func TestRetryEndsAnAttemptAfterItsTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		msg := message.NewMessage("1", nil)
		retry := middleware.Retry{MaxAttempts: 3, AttemptTimeout: time.Second}
		made, err := retry.Middleware(func(msg *message.Message) ([]*message.Message, error) {
			if calls++; calls < 3 {
				<-msg.Context().Done()
				return nil, context.Cause(msg.Context())
			}
			return message.Messages{output(msg, "made")}, nil
		})(msg)
		require.NoError(t, err)
		require.Equal(t, 3, calls)
		require.NoError(t, made[0].Context().Err(), "it is yet to be published")
		require.NoError(t, msg.Context().Err(), "the limit is the attempt's, not the message's")

		_, err = retry.Middleware(func(msg *message.Message) ([]*message.Message, error) {
			<-msg.Context().Done()
			return nil, context.Cause(msg.Context())
		})(message.NewMessage("1", nil))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "no answer within 1s")
	})
}

// An attempt that failed leaves nothing behind, whatever comes after it.
func TestRetryDropsWhatAFailedAttemptStaged(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		failures int
		err      error
		want     []handoff.Output
	}{
		"before one that succeeds": {failures: 2, err: errHiccup, want: []handoff.Output{{Topic: "before"}, {Topic: "call 3"}}},
		"when all have failed":     {failures: 3, err: errHiccup, want: []handoff.Output{{Topic: "before"}}},
		"when it is permanent":     {failures: 1, err: handoff.Permanent(errHiccup), want: []handoff.Output{{Topic: "before"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx := handoff.NewContext(t.Context(), handoff.Delivery{}, nil)
				defer ctx.End()
				h := &ctx.Handoff
				require.NoError(t, h.Publish(handoff.Output{Topic: "before"}))
				calls := 0
				_, err := middleware.Retry{MaxAttempts: 3}.Middleware(func(msg *message.Message) ([]*message.Message, error) {
					calls++
					require.NoError(t, h.Publish(handoff.Output{Topic: "call " + strconv.Itoa(calls)}))
					if calls <= c.failures {
						return nil, c.err
					}
					return nil, nil
				})(message.NewMessageWithContext(ctx, "1", nil))
				require.Equal(t, calls <= c.failures, err != nil)
				require.Equal(t, c.want, h.Settle().Outputs)
			})
		})
	}
}
