package middleware_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/middleware"
)

// What becomes of the lease of a message without a handoff, by how it ends.
func TestAStoreIsTheLastToLearnOfAMessage(t *testing.T) {
	t.Parallel()
	no := errors.New("no")
	acquired := "0s acquire :m 1m0s"
	for name, c := range map[string]struct {
		handled error
		broken  map[string][]error
		// after is what happens once the handler has returned.
		after func(msg *message.Message, end context.CancelFunc)
		want  []string
	}{
		"acknowledged": {
			after: func(msg *message.Message, _ context.CancelFunc) {
				time.Sleep(time.Second) // it publishes
				msg.Ack()
			},
			want: []string{acquired, "1s finish :m 24h0m0s"},
		},
		"acknowledged after a long publishing": {
			after: func(msg *message.Message, _ context.CancelFunc) {
				time.Sleep(50 * time.Second)
				msg.Ack()
			},
			want: []string{acquired, "20s renew :m 1m0s", "40s renew :m 1m0s", "50s finish :m 24h0m0s"},
		},
		"acknowledged, and its context ends at the same time": {
			after: func(msg *message.Message, end context.CancelFunc) {
				msg.Ack()
				end()
			},
			want: []string{acquired, "0s finish :m 24h0m0s"},
		},
		"acknowledged after its context has ended": {
			after: func(msg *message.Message, end context.CancelFunc) {
				end()
				time.Sleep(time.Second)
				msg.Ack()
			},
			want: []string{acquired, "1s finish :m 24h0m0s"},
		},
		"acknowledged, while the store is away": {
			broken: map[string][]error{"finish": {errAway, errAway}},
			after:  func(msg *message.Message, _ context.CancelFunc) { msg.Ack() },
			want:   []string{acquired, "0s finish :m 24h0m0s", "100ms finish :m 24h0m0s", "200ms finish :m 24h0m0s"},
		},
		"rejected": {
			after: func(msg *message.Message, _ context.CancelFunc) { msg.Nack() },
			want:  []string{acquired, "0s release :m"},
		},
		"neither, and its context ends": {
			after: func(_ *message.Message, end context.CancelFunc) {
				time.Sleep(time.Second)
				end()
			},
			want: []string{acquired, "20s renew :m 1m0s", "40s renew :m 1m0s", "1m0s renew :m 1m0s"},
		},
		"failed": {
			handled: no,
			after:   func(msg *message.Message, _ context.CancelFunc) { msg.Nack() },
			want:    []string{acquired, "0s release :m"},
		},
		"failed, and acknowledged further out": {
			handled: no,
			after:   func(msg *message.Message, _ context.CancelFunc) { msg.Ack() },
			want:    []string{acquired, "0s release :m"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLedger(granted())
				l.broken = c.broken
				ctx, end := context.WithCancel(t.Context())
				defer end()
				msg := message.NewMessageWithContext(ctx, "m", nil)
				_, err := middleware.Dedup{Store: l}.Middleware(func(*message.Message) ([]*message.Message, error) {
					return nil, c.handled
				})(msg)
				require.ErrorIs(t, err, c.handled)
				c.after(msg, end)
				time.Sleep(time.Hour)
				require.Equal(t, c.want, l.log())
			})
		})
	}
}

// Who calls a handler by hand may forget about it, and nothing is left behind.
func TestAMessageThatIsNeverSettledIsLeftWhenItsLeaseIsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := middleware.NewMemoryStore()
		handler := middleware.Dedup{Store: store}.Middleware(echo)
		for range 2 {
			made, err := handler(message.NewMessage("m", nil))
			require.NoError(t, err)
			require.Len(t, made, 1)
			time.Sleep(3 * time.Minute)
			require.Zero(t, store.Len())
		}
	})
}

func TestAMessageWhoseLeaseIsTakenIsHeld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLedger(taken(time.Minute), taken(time.Minute), taken(300*time.Millisecond), finished())
		dropped := 0
		dedup := middleware.Dedup{Store: l, Scope: "a:b", OnDuplicate: func(*message.Message) { dropped++ }}
		made, err := dedup.Middleware(echo)(message.NewMessage("m", nil))
		require.NoError(t, err)
		require.Empty(t, made)
		require.Equal(t, 1, dropped)
		require.Len(t, l.log(), 4)
		require.Contains(t, l.log()[3], "acquire a%3Ab:m")
		require.InDelta(t, 2300*time.Millisecond, time.Since(l.begun), float64(600*time.Millisecond))
	})
}

func TestHoldingAMessageEnds(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]func(ctx context.Context) context.Context{
		"with its context": func(ctx context.Context) context.Context {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(10*time.Second, cancel)
			return ctx
		},
		"when the transport stops": func(ctx context.Context) context.Context {
			stopping := make(chan struct{})
			time.AfterFunc(10*time.Second, func() { close(stopping) })
			return handoff.WithStopping(ctx, stopping)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLedger(taken(time.Minute))
				_, err := middleware.Dedup{Store: l}.Middleware(echo)(message.NewMessageWithContext(stop(t.Context()), "m", nil))
				require.ErrorContains(t, err, "message m")
				require.ErrorContains(t, err, "is being worked on")
				require.True(t, handoff.IsVerdict(err), "it is none of the attempts")
				require.Equal(t, 10*time.Second, time.Since(l.begun))
			})
		})
	}
}

func TestAStoreThatFailsIsAskedAgainForALease(t *testing.T) {
	t.Parallel()
	away := answer{err: errAway}
	for name, c := range map[string]struct {
		answers []answer
		wantErr error
		takes   time.Duration
	}{
		"and answers":            {answers: []answer{away, away, granted()}, takes: 2 * time.Second},
		"and does not answer":    {answers: []answer{away}, wantErr: errAway, takes: time.Minute},
		"anew after each answer": {answers: append(make([]answer, 0), away, away, taken(10*time.Second), away, granted()), takes: 4 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLedger(c.answers...)
				ctx, end := context.WithCancel(t.Context())
				msg := message.NewMessageWithContext(ctx, "m", nil)
				_, err := middleware.Dedup{Store: l}.Middleware(echo)(msg)
				require.ErrorIs(t, err, c.wantErr)
				require.InDelta(t, c.takes, time.Since(l.begun), float64(500*time.Millisecond))
				msg.Ack()
				end()
				synctest.Wait()
			})
		})
	}
}

// The transport's own way is the better one.
func TestAStoreIsNotUsedWhereThereIsAHandoff(t *testing.T) {
	t.Parallel()
	l, store := newLedger(granted()), newLedger(finished())
	msg, h, _ := delivered(t, l, handoff.Delivery{ID: "1-1", Attempt: 1})
	made, err := middleware.Dedup{Store: store}.Middleware(echo)(msg)
	require.NoError(t, err)
	require.Len(t, made, 1)
	require.Empty(t, store.log())
	require.Len(t, h.Settle().Marks, 1)
}

// inRouter runs handlers on a GoChannel in a bubble.
func inRouter(t *testing.T, add func(*message.Router, *gochannel.GoChannel), test func(*gochannel.GoChannel)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		channel := gochannel.NewGoChannel(gochannel.Config{}, watermill.NopLogger{})
		router, err := message.NewRouter(message.RouterConfig{}, watermill.NopLogger{})
		require.NoError(t, err)
		add(router, channel)
		ended := make(chan error, 1)
		go func() { ended <- router.Run(context.Background()) }()
		<-router.Running()
		test(channel)
		require.NoError(t, router.Close())
		require.NoError(t, <-ended)
		require.NoError(t, channel.Close())
	})
}

func TestDedupWithAStoreInARouter(t *testing.T) {
	store := middleware.NewMemoryStore()
	var mu sync.Mutex
	runs := map[string]int{}
	handler := func(name string) message.HandlerFunc {
		return func(msg *message.Message) ([]*message.Message, error) {
			time.Sleep(time.Second)
			mu.Lock()
			defer mu.Unlock()
			runs[name+" "+msg.UUID]++
			if msg.UUID == "fails once" && runs[name+" "+msg.UUID] == 1 {
				return nil, errHiccup
			}
			return nil, nil
		}
	}
	inRouter(t, func(r *message.Router, channel *gochannel.GoChannel) {
		r.AddMiddleware(middleware.Dedup{Store: store}.Middleware)
		one, other := handler("one"), handler("other")
		r.AddConsumerHandler("one", "in", channel, func(msg *message.Message) error { _, err := one(msg); return err })
		r.AddConsumerHandler("other", "in", channel, func(msg *message.Message) error { _, err := other(msg); return err })
	}, func(channel *gochannel.GoChannel) {
		for range 3 {
			for _, id := range []string{"a", "fails once"} {
				require.NoError(t, channel.Publish("in", message.NewMessage(id, nil)))
			}
		}
		time.Sleep(time.Minute)
	})
	require.Equal(t, map[string]int{"one a": 1, "other a": 1, "one fails once": 2, "other fails once": 2}, runs)
}

// The message that is held ends with the router.
func TestARouterClosesWhileAMessageIsHeld(t *testing.T) {
	store := middleware.NewMemoryStore()
	inRouter(t, func(r *message.Router, channel *gochannel.GoChannel) {
		r.AddMiddleware(middleware.Dedup{Store: store}.Middleware)
		r.AddConsumerHandler("h", "in", channel, func(*message.Message) error { t.Error("it runs"); return nil })
	}, func(channel *gochannel.GoChannel) {
		_, err := store.Acquire(context.Background(), "h:m", "another", time.Hour)
		require.NoError(t, err)
		require.NoError(t, channel.Publish("in", message.NewMessage("m", nil)))
		time.Sleep(time.Minute)
	})
}
