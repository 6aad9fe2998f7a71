package middleware_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/middleware"
)

// mortal is the store as a process sees it that dies: what it asks after that never
// arrives.
type mortal struct {
	middleware.Store

	dead bool
}

func (m *mortal) Acquire(ctx context.Context, key, owner string, ttl time.Duration) (middleware.Lease, error) {
	if m.dead {
		return middleware.Lease{}, nil
	}
	return m.Store.Acquire(ctx, key, owner, ttl)
}

func (m *mortal) Renew(ctx context.Context, key, owner string, ttl time.Duration) error {
	if m.dead {
		return nil
	}
	return m.Store.Renew(ctx, key, owner, ttl)
}

func (m *mortal) Release(ctx context.Context, key, owner string) error {
	if m.dead {
		return nil
	}
	return m.Store.Release(ctx, key, owner)
}

func (m *mortal) Finish(ctx context.Context, key string, ttl time.Duration) error {
	if m.dead {
		return nil
	}
	return m.Store.Finish(ctx, key, ttl)
}

// A process dies at each step of a message without a handoff, and another gets the
// message, or a duplicate of it: it is repeated at most, and never lost.
func TestWithoutAHandoffADeathRepeatsAndNeverLoses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		// die says at which step the first process dies.
		lease, handler, acked, marked bool
		// runs is whether the next process handles the message, after is when.
		runs  bool
		after time.Duration
	}{
		"before the lease":                   {lease: true, runs: true},
		"with the lease":                     {handler: true, runs: true, after: time.Minute},
		"before the acknowledgement":         {acked: true, runs: true, after: time.Minute},
		"between acknowledgement and mark":   {marked: true, runs: true, after: time.Minute},
		"after the mark, so it is done with": {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store := middleware.NewMemoryStore()
				first := &mortal{Store: store, dead: c.lease}
				msg := message.NewMessage("m", nil)
				_, err := middleware.Dedup{Store: first}.Middleware(func(*message.Message) ([]*message.Message, error) {
					first.dead = first.dead || c.handler
					return nil, nil
				})(msg)
				require.NoError(t, err)
				synctest.Wait()
				first.dead = first.dead || c.acked || c.marked
				if !c.acked {
					msg.Ack()
				}
				synctest.Wait()

				begun, again := time.Now(), message.NewMessage("m", nil)
				made, err := middleware.Dedup{Store: store}.Middleware(echo)(again)
				require.NoError(t, err)
				require.Equal(t, c.runs, len(made) == 1)
				require.InDelta(t, c.after, time.Since(begun), float64(2*time.Second))
				again.Ack()
				time.Sleep(time.Hour)
				require.Equal(t, 1, store.Len(), "a mark, and no lease")
			})
		})
	}
}
