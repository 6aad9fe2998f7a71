package middleware_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/middleware/redisstore"
)

// What closing a store does, by what is under way, and how long it takes.
func TestClosingAStoreWaitsForItsMarks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		broken  []error       // of Finish
		handles time.Duration // how long the handler takes
		settle  func(*message.Message)
		takes   time.Duration
		wantErr error
		want    []string // after the lease was granted
	}{
		"acknowledged before": {
			settle: func(msg *message.Message) { msg.Ack() },
			want:   []string{"0s finish :m 24h0m0s"},
		},
		"acknowledged, and the store is away": {
			broken: []error{errAway, errAway},
			settle: func(msg *message.Message) { msg.Ack() },
			takes:  200 * time.Millisecond,
			want:   []string{"0s finish :m 24h0m0s", "100ms finish :m 24h0m0s", "200ms finish :m 24h0m0s"},
		},
		"acknowledged while it waits": {
			settle: func(msg *message.Message) { time.AfterFunc(time.Second, func() { msg.Ack() }) },
			takes:  time.Second,
			want:   []string{"1s finish :m 24h0m0s"},
		},
		"rejected while it waits": {
			settle: func(msg *message.Message) { time.AfterFunc(time.Second, func() { msg.Nack() }) },
			takes:  time.Second,
			want:   []string{"1s release :m"},
		},
		"never settled": {
			handles: 10 * time.Second,
			takes:   70 * time.Second,
			want:    []string{"20s renew :m 1m0s", "40s renew :m 1m0s", "1m0s renew :m 1m0s"},
		},
		"a handler that is done in time": {
			handles: 10 * time.Second,
			settle:  func(msg *message.Message) { time.AfterFunc(11*time.Second, func() { msg.Ack() }) },
			takes:   11 * time.Second,
			want:    []string{"11s finish :m 24h0m0s"},
		},
		"a handler that is not": {
			handles: 70 * time.Second,
			takes:   time.Minute,
			wantErr: middleware.ErrUnsettled,
			want:    []string{"20s renew :m 1m0s", "40s renew :m 1m0s", "1m0s renew :m 1m0s", "1m10s release :m"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLedger(granted())
				l.broken["finish"] = c.broken
				ctx, end := context.WithCancel(t.Context())
				defer end()
				stopped := make(chan struct{}) // as it is when the router has ended
				close(stopped)
				msg := message.NewMessageWithContext(handoff.WithStopping(ctx, stopped), "m", nil)
				returned := make(chan error, 1)
				go func() {
					_, err := middleware.Dedup{Store: l}.Middleware(func(*message.Message) ([]*message.Message, error) {
						time.Sleep(c.handles)
						return nil, nil
					})(msg)
					returned <- err
				}()
				synctest.Wait()
				if c.settle != nil {
					c.settle(msg)
				}
				require.ErrorIs(t, l.deliveries.Close(), c.wantErr)
				require.InDelta(t, c.takes, time.Since(l.begun), float64(time.Millisecond))
				require.NoError(t, <-returned, "it is handled all the same")
				synctest.Wait()
				require.Equal(t, c.want, l.log()[1:])
				require.NoError(t, l.deliveries.Close(), "closing it again")
			})
		})
	}
}

func TestAStoreThatIsClosedRefusesMessages(t *testing.T) {
	eachStore(t, func(t *testing.T, s asked) {
		s.acquire("k", "a", time.Hour)
		require.NoError(t, s.store.Deliveries().Err())
		require.NoError(t, s.store.Deliveries().Close())
		require.ErrorIs(t, s.store.Deliveries().Err(), middleware.ErrStoreClosed)
		_, err := s.store.Acquire(t.Context(), "other", "a", time.Hour)
		require.ErrorIs(t, err, middleware.ErrStoreClosed)
		s.renew("k", "a", time.Hour)
		s.finish("k", time.Hour)
		s.release("k", "a")

		handler := middleware.Dedup{Store: s.store}.Middleware(func(*message.Message) ([]*message.Message, error) {
			t.Error("the handler runs")
			return nil, nil
		})
		_, err = handler(message.NewMessage("m", nil))
		require.ErrorIs(t, err, middleware.ErrStoreClosed)
		require.ErrorContains(t, err, "message m: ")
		require.True(t, handoff.IsVerdict(err), "it is no attempt")
	})
}

// Not even those keep it from closing that wait for a lease.
func TestAMessageThatIsHeldIsRejectedWhenTheStoreIsClosed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLedger(taken(time.Hour))
		handled := make(chan error, 1)
		go func() {
			_, err := middleware.Dedup{Store: l, RecheckAfter: time.Hour}.Middleware(echo)(message.NewMessage("m", nil))
			handled <- err
		}()
		synctest.Wait()
		require.NoError(t, l.deliveries.Close())
		require.Zero(t, time.Since(l.begun))
		require.True(t, handoff.IsVerdict(<-handled))
	})
}

// A message that is called again after its store was closed has no lease to go on with.
func TestAMessageIsNotHandledAgainOnceTheStoreIsClosed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, runs := middleware.NewMemoryStore(), 0
		handler := middleware.Dedup{Store: store}.Middleware(counted(&runs))
		msg := message.NewMessageWithContext(t.Context(), "m", nil)
		_, err := handler(msg)
		require.NoError(t, err)
		closed := make(chan error)
		go func() { closed <- store.Close() }()
		synctest.Wait()
		_, err = handler(msg)
		require.ErrorIs(t, err, middleware.ErrStoreClosed)
		require.NoError(t, <-closed)
		require.Equal(t, 1, runs)
		require.Zero(t, store.Len(), "its lease is released")
	})
}

func TestAStoreThatIsNilIsAnError(t *testing.T) {
	t.Parallel()
	for name, store := range map[string]middleware.Store{
		"in memory": (*middleware.MemoryStore)(nil),
		"in Redis":  (*redisstore.Dedup)(nil),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := middleware.Dedup{Store: store}.Middleware(echo)(message.NewMessage("m", nil))
			require.ErrorContains(t, err, "make it with its constructor")
			require.NoError(t, store.Deliveries().Close())
		})
	}
}
