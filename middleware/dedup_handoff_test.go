package middleware_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/middleware"
)

// What a delivery with a handoff leads to, by what its lease and its handler say.
func TestDedupDecidesByTheLease(t *testing.T) {
	t.Parallel()
	no := errors.New("no")
	marked := handoff.Effects{Marks: []handoff.Mark{{Key: "m", TTL: middleware.DefaultDedupTTL}}}
	for name, c := range map[string]struct {
		answer    answer
		handled   error // what the handler says
		want      handoff.Effects
		wantErr   error
		wantCalls []string
		runs      bool
	}{
		"granted, and the handler succeeds": {
			answer: granted(), runs: true, want: marked, wantCalls: []string{"0s acquire m 1m0s"},
		},
		"granted, and the handler fails": {
			answer: granted(), runs: true, handled: no, wantErr: no, wantCalls: []string{"0s acquire m 1m0s", "0s release m"},
		},
		"granted, and the handler skips": {
			answer: granted(), runs: true, handled: handoff.ErrSkip, wantErr: handoff.ErrSkip,
			wantCalls: []string{"0s acquire m 1m0s", "0s release m"},
		},
		"granted, and the handler gives the message up": {
			answer: granted(), runs: true, handled: handoff.Permanent(no), wantErr: no,
			wantCalls: []string{"0s acquire m 1m0s", "0s release m"},
		},
		"finished": {
			answer: finished(), want: handoff.Effects{Duplicate: true}, wantCalls: []string{"0s acquire m 1m0s"},
		},
		"not to be had": {
			answer: answer{err: errAway}, wantErr: errAway, wantCalls: []string{"0s acquire m 1m0s"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLedger(c.answer)
				msg, h, _ := delivered(t, l, handoff.Delivery{ID: "1-1", Attempt: 1})
				ran, duplicates := false, 0
				dedup := middleware.Dedup{OnDuplicate: func(*message.Message) { duplicates++ }}
				_, err := dedup.Middleware(func(*message.Message) ([]*message.Message, error) {
					ran = true
					return nil, c.handled
				})(msg)
				require.ErrorIs(t, err, c.wantErr)
				require.Equal(t, handoff.IsVerdict(c.handled), handoff.IsVerdict(err))
				require.Equal(t, c.runs, ran)
				require.Equal(t, c.want.Duplicate, duplicates == 1)
				require.Equal(t, c.want, h.Settle())
				time.Sleep(time.Hour)
				require.Equal(t, c.wantCalls, l.log(), "nothing is asked once the handler has returned")
			})
		})
	}
}

func TestDedupPutsAsideWhatIsBeingWorkedOn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		recheck, left, least, most time.Duration
	}{
		"until it looks again":              {left: time.Minute, least: time.Second, most: 1250 * time.Millisecond},
		"until the lease ends":              {left: 400 * time.Millisecond, least: 400 * time.Millisecond, most: 500 * time.Millisecond},
		"for as long as it is told":         {recheck: 8 * time.Second, left: time.Minute, least: 8 * time.Second, most: 10 * time.Second},
		"a moment for a lease that is over": {left: 0, least: time.Millisecond, most: 20 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			delays := map[time.Duration]bool{}
			for range 20 {
				msg, h, _ := delivered(t, newLedger(taken(c.left)), handoff.Delivery{ID: "1-1", Attempt: 1})
				made, err := middleware.Dedup{RecheckAfter: c.recheck}.Middleware(echo)(msg)
				require.Nil(t, made)
				aside, ok := handoff.AsideOf(err)
				require.True(t, ok, "%v is no verdict", err)
				effects := h.Settle()
				require.Equal(t, handoff.Effects{Park: true, Aside: aside}, effects)
				require.True(t, aside.Uncounted)
				require.GreaterOrEqual(t, aside.For, c.least)
				require.LessOrEqual(t, aside.For, c.most)
				delays[aside.For] = true
			}
			require.Greater(t, len(delays), 1, "all of them come again at the same moment")
		})
	}
}

func TestALeaseIsReleasedWhenTheHandlerPanics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLedger(granted())
		msg, h, _ := delivered(t, l, handoff.Delivery{ID: "1-1", Attempt: 1})
		handler := middleware.Dedup{}.Middleware(func(*message.Message) ([]*message.Message, error) { panic("oh") })
		require.PanicsWithValue(t, "oh", func() { _, _ = handler(msg) })
		require.Equal(t, []string{"0s acquire m 1m0s", "0s release m"}, l.log())
		require.Empty(t, h.Settle())
	})
}

// It ends when the transport stops waiting, and the lease must end all the same.
func TestALeaseIsReleasedThoughTheContextOfTheMessageHasEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLedger(granted())
		msg, _, cancel := delivered(t, l, handoff.Delivery{ID: "1-1", Attempt: 1})
		_, err := middleware.Dedup{}.Middleware(func(*message.Message) ([]*message.Message, error) {
			cancel()
			return nil, context.Canceled
		})(msg)
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, []string{"0s acquire m 1m0s", "0s release m"}, l.log(), "without a context that has ended")
	})
}

func TestALeaseThatCannotBeReleasedIsLeft(t *testing.T) {
	t.Parallel()
	l, no := newLedger(granted()), errors.New("no")
	l.broken["release"] = []error{errAway}
	msg, _, _ := delivered(t, l, handoff.Delivery{ID: "1-1", Attempt: 1})
	_, err := middleware.Dedup{}.Middleware(func(*message.Message) ([]*message.Message, error) { return nil, no })(msg)
	require.ErrorIs(t, err, no)
	require.NotErrorIs(t, err, errAway)
}

func TestALeaseIsRenewedWhileTheHandlerRuns(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		dedup  middleware.Dedup
		takes  time.Duration
		broken []error
		want   []string
	}{
		"not by a quick one": {takes: 19 * time.Second, want: []string{"0s acquire m 1m0s"}},
		"each third of it": {
			takes: 50 * time.Second,
			want:  []string{"0s acquire m 1m0s", "20s renew m 1m0s", "40s renew m 1m0s"},
		},
		"of one as long as told": {
			dedup: middleware.Dedup{Lease: 3 * time.Second}, takes: 2500 * time.Millisecond,
			want: []string{"0s acquire m 3s", "1s renew m 3s", "2s renew m 3s"},
		},
		"sooner when that fails": {
			takes: 45 * time.Second, broken: []error{errAway, errAway},
			want: []string{"0s acquire m 1m0s", "20s renew m 1m0s", "25s renew m 1m0s", "30s renew m 1m0s"},
		},
		"a negative is the default": {
			dedup: middleware.Dedup{Lease: -1, RecheckAfter: -1}, takes: 21 * time.Second,
			want: []string{"0s acquire m 1m0s", "20s renew m 1m0s"},
		},
		"a shorter one than can be counted": {
			dedup: middleware.Dedup{Lease: 1}, want: []string{"0s acquire m 1ms"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLedger(granted())
				l.broken["renew"] = c.broken
				msg, _, _ := delivered(t, l, handoff.Delivery{ID: "1-1", Attempt: 1})
				_, err := c.dedup.Middleware(func(*message.Message) ([]*message.Message, error) {
					time.Sleep(c.takes)
					return nil, nil
				})(msg)
				require.NoError(t, err)
				time.Sleep(time.Hour)
				require.Equal(t, c.want, l.log())
			})
		})
	}
}

// A renewal that is under way when the handler returns ends with it.
func TestNoLeaseIsRenewedAfterItWasReleased(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := &slowRenewal{ledger: newLedger(granted())}
		ctx := handoff.NewContext(t.Context(), handoff.Delivery{ID: "1-1", Attempt: 1}, slowDomain{slow})
		defer ctx.End()
		_, err := middleware.Dedup{}.Middleware(func(*message.Message) ([]*message.Message, error) {
			time.Sleep(21 * time.Second)
			return nil, errAway
		})(message.NewMessageWithContext(ctx, "m", nil))
		require.ErrorIs(t, err, errAway)
		time.Sleep(time.Hour)
		require.Equal(t, []string{"0s acquire m 1m0s", "21s renew m 1m0s (too late)", "21s release m"}, slow.log())
	})
}

// slowRenewal renews until it is told to stop.
type slowRenewal struct{ *ledger }

func (s *slowRenewal) Renew(ctx context.Context, key, owner string, ttl time.Duration) error {
	<-ctx.Done()
	_ = s.ledger.Renew(ctx, key, owner, ttl)
	return ctx.Err()
}

type slowDomain struct{ *slowRenewal }

func (d slowDomain) Leases(handoff.Delivery) handoff.Leases { return d.slowRenewal }

func TestDedupDoesNotLookAtMessagesWithoutAKey(t *testing.T) {
	t.Parallel()
	l := newLedger(finished())
	msg, h, _ := delivered(t, l, handoff.Delivery{ID: "1-1", Attempt: 1})
	made, err := middleware.Dedup{Key: middleware.ByMetadata("order")}.Middleware(echo)(msg)
	require.NoError(t, err)
	require.Len(t, made, 1)
	require.Empty(t, l.log())
	require.Empty(t, h.Settle())
}

// Whoever settled the message has decided about it already.
func TestDedupOfASettledMessageIsAnError(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]answer{"granted": granted(), "finished": finished(), "taken": taken(time.Second)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			msg, h, _ := delivered(t, newLedger(a), handoff.Delivery{ID: "1-1", Attempt: 1})
			h.Settle()
			_, err := middleware.Dedup{}.Middleware(echo)(msg)
			require.ErrorIs(t, err, handoff.ErrSettled)
		})
	}
}
