package middleware_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	wm "github.com/ThreeDotsLabs/watermill/message/router/middleware"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/middleware"
)

// failsOutside lets the first calls fail once what is inside has succeeded.
func failsOutside(calls int) message.HandlerMiddleware {
	return func(next message.HandlerFunc) message.HandlerFunc {
		return func(msg *message.Message) ([]*message.Message, error) {
			made, err := next(msg)
			if calls--; err == nil && calls >= 0 {
				return nil, errHiccup
			}
			return made, err
		}
	}
}

// counted is a handler that counts its runs.
func counted(runs *int) message.HandlerFunc {
	return func(msg *message.Message) ([]*message.Message, error) {
		*runs++
		return echo(msg)
	}
}

// wrapped puts middleware around a handler, the outermost first.
func wrapped(handler message.HandlerFunc, middleware ...message.HandlerMiddleware) message.HandlerFunc {
	for _, m := range slices.Backward(middleware) {
		handler = m(handler)
	}
	return handler
}

// What calls Dedup again does not wait for the lease of the call before.
func TestAMessageThatFailsFurtherOutIsHandledAgainAtOnce(t *testing.T) {
	t.Parallel()
	again := map[string]message.HandlerMiddleware{
		"by ours":          middleware.Retry{}.Middleware,
		"by Watermill's":   wm.Retry{MaxRetries: 5, InitialInterval: time.Millisecond}.Middleware,
		"with a new value": renewedContext(wm.Retry{MaxRetries: 5, InitialInterval: time.Millisecond}.Middleware),
	}
	for name, retry := range again {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store, runs, begun := middleware.NewMemoryStore(), 0, time.Now()
				handler := wrapped(counted(&runs), retry, failsOutside(2), middleware.Dedup{Store: store}.Middleware)
				ctx, end := context.WithTimeout(t.Context(), time.Hour)
				defer end()
				msg := message.NewMessageWithContext(ctx, "m", nil)
				made, err := handler(msg)
				require.NoError(t, err)
				require.Len(t, made, 1)
				require.Equal(t, 3, runs, "what it made was lost each time")
				require.Less(t, time.Since(begun), 10*time.Second)
				msg.Ack()
				require.NoError(t, store.Close())
				require.Equal(t, 1, store.Len(), "the mark")
				time.Sleep(12 * time.Hour)
				require.Equal(t, 1, store.Len(), "no lease lasts that long")
			})
		})
	}
}

// renewedContext gives each call a context of its own.
func renewedContext(retry message.HandlerMiddleware) message.HandlerMiddleware {
	type key struct{}
	return func(next message.HandlerFunc) message.HandlerFunc {
		return retry(func(msg *message.Message) ([]*message.Message, error) {
			ctx := msg.Context()
			defer msg.SetContext(ctx)
			msg.SetContext(context.WithValue(ctx, key{}, true))
			return next(msg)
		})
	}
}

// One lease from the first call to the end, and one mark.
func TestCallsForOneMessageShareALease(t *testing.T) {
	t.Parallel()
	acquired, again := "0s acquire :m 1m0s", "1s acquire :m 1m0s"
	for name, c := range map[string]struct {
		answers []answer
		second  error // of the handler in the second call
		settle  func(*message.Message) bool
		want    []string
	}{
		"acknowledged": {
			answers: []answer{granted()},
			settle:  (*message.Message).Ack,
			want:    []string{acquired, again, "20s renew :m 1m0s", "31s finish :m 24h0m0s"},
		},
		"rejected": {
			answers: []answer{granted()},
			settle:  (*message.Message).Nack,
			want:    []string{acquired, again, "20s renew :m 1m0s", "31s release :m"},
		},
		"failed the second time": {
			answers: []answer{granted()},
			second:  errHiccup,
			settle:  (*message.Message).Nack,
			want:    []string{acquired, again, "1s release :m"},
		},
		"done by another in the meantime": {
			answers: []answer{granted(), finished()},
			settle:  (*message.Message).Ack,
			want:    []string{acquired, again, "1s release :m"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLedger(c.answers...)
				ctx, end := context.WithCancel(t.Context())
				defer end()
				msg, runs := message.NewMessageWithContext(ctx, "m", nil), 0
				handler := middleware.Dedup{Store: l}.Middleware(func(*message.Message) ([]*message.Message, error) {
					if runs++; runs == 2 {
						return nil, c.second
					}
					return nil, nil
				})
				_, err := handler(msg)
				require.NoError(t, err)
				time.Sleep(time.Second)
				_, err = handler(msg)
				require.ErrorIs(t, err, c.second)
				time.Sleep(30 * time.Second)
				c.settle(msg)
				time.Sleep(time.Hour)
				require.Equal(t, c.want, l.log())
			})
		})
	}
}

// A message that was settled is another delivery when it is handled again.
func TestAMessageIsADuplicateOfItselfOnceItIsAcknowledged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		runs, msg := 0, message.NewMessage("m", nil)
		handler := middleware.Dedup{Store: middleware.NewMemoryStore()}.Middleware(counted(&runs))
		_, err := handler(msg)
		require.NoError(t, err)
		msg.Ack()
		synctest.Wait()
		made, err := handler(msg)
		require.NoError(t, err)
		require.Empty(t, made)
		require.Equal(t, 1, runs)
	})
}

// The same Dedup twice around a handler is as good as once.
func TestADedupInsideOfItselfLetsPass(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, runs := newLedger(granted()), 0
		dedup := middleware.Dedup{Store: l}
		other := middleware.Dedup{Store: l, Scope: "other"}
		handler := wrapped(counted(&runs), middleware.Retry{}.Middleware, dedup.Middleware, other.Middleware, dedup.Middleware, failsOutside(1), dedup.Middleware)
		msg := message.NewMessageWithContext(t.Context(), "m", nil)
		_, err := handler(msg)
		require.NoError(t, err)
		require.Equal(t, 2, runs)
		msg.Ack()
		require.NoError(t, l.deliveries.Close())
		marks := 0
		for _, call := range l.log() {
			if strings.Contains(call, "finish") {
				marks++
			}
		}
		require.Equal(t, 2, marks, "one for each scope")
	})
}

// Another message with the key waits while one is called again and again.
func TestCallingAgainKeepsOthersWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, runs := middleware.NewMemoryStore(), 0
		handler := middleware.Dedup{Store: store}.Middleware(counted(&runs))
		ctx, end := context.WithCancel(t.Context())
		defer end()
		msg := message.NewMessageWithContext(ctx, "m", nil)
		_, err := handler(msg)
		require.NoError(t, err)
		duplicate := make(chan error, 1)
		go func() {
			_, err := handler(message.NewMessageWithContext(ctx, "m", nil))
			duplicate <- err
		}()
		for range 5 {
			time.Sleep(30 * time.Second)
			_, err = handler(msg)
			require.NoError(t, err)
		}
		require.Empty(t, duplicate)
		msg.Ack()
		require.NoError(t, <-duplicate)
		require.Equal(t, 6, runs, "all of one message")
		require.NoError(t, store.Close())
	})
}
