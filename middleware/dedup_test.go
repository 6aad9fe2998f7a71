package middleware_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	wm "github.com/ThreeDotsLabs/watermill/message/router/middleware"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/commit"
	"github.com/millstream-go/millstream/middleware"
)

// echo publishes the message it gets.
func echo(msg *message.Message) ([]*message.Message, error) {
	return message.Messages{output(msg, msg.UUID)}, nil
}

func TestDedupDropsDuplicates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var dropped atomic.Int64
	w.run(echo, middleware.Dedup{OnDuplicate: func(*message.Message) { dropped.Add(1) }}.Middleware)
	w.publish("1", "2", "1", "1", "2", "3")
	w.settled()
	require.Equal(t, []string{"1", "2", "3"}, w.published(w.out))
	require.LessOrEqual(t, dropped.Load(), int64(3), "those that run side by side are dropped at the commit")
	w.publish("3")
	w.settled()
	require.Equal(t, []string{"1", "2", "3"}, w.published(w.out))
	require.Positive(t, dropped.Load())
}

func TestDedupByAKeyOfTheUsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(echo, middleware.Dedup{Key: func(msg *message.Message) string {
		key, _, _ := strings.Cut(msg.UUID, "/")
		return key
	}}.Middleware)
	w.publish("a/1", "a/2", "/1", "/2", "b/1")
	w.settled()
	require.Equal(t, []string{"a/1", "/1", "/2", "b/1"}, w.published(w.out), "an empty key is no key")
}

// The difference to Watermill's own Deduplicator, on the same messages: that one
// marks a message before the handler has done anything.
func TestAFailedMessageIsNotADuplicateOfItself(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		dedup message.HandlerMiddleware
		want  []string
	}{
		"ours":        {dedup: middleware.Dedup{}.Middleware, want: []string{"made by call 2"}},
		"Watermill's": {dedup: watermillsDeduplicator(t), want: []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			calls := 0
			w.run(failing(1, errHiccup, &calls), c.dedup)
			w.publish("1")
			w.settled()
			require.Equal(t, c.want, w.published(w.out))
		})
	}
}

// forgetful is a repository for Watermill's Deduplicator without its clean-up
// goroutine, which never ends.
type forgetful struct{ seen sync.Map }

func (f *forgetful) IsDuplicate(_ context.Context, key string) (bool, error) {
	_, seen := f.seen.LoadOrStore(key, true)
	return seen, nil
}

func watermillsDeduplicator(t *testing.T) message.HandlerMiddleware {
	t.Helper()
	return (&wm.Deduplicator{Repository: &forgetful{}, Timeout: time.Second}).Middleware
}

// Two duplicates that are in their handlers at the same time, in two processes:
// both run, one comes out.
func TestOfTwoDuplicatesAtOnceOneIsCommitted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var together sync.WaitGroup
	together.Add(2)
	meet := func(msg *message.Message) ([]*message.Message, error) {
		together.Done()
		together.Wait()
		return echo(msg)
	}
	w.publish("1", "1")
	w.run(meet, middleware.Dedup{}.Middleware)
	other := w
	other.client = server.Client(t)
	other.run(meet, middleware.Dedup{}.Middleware)
	w.settled()
	require.Equal(t, []string{"1"}, w.published(w.out))
}

func TestDedupRemembersForItsTTL(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ ttl, want time.Duration }{
		"by default":             {0, middleware.DefaultTTL},
		"as told":                {time.Hour, time.Hour},
		"for ever":               {middleware.Forever, -1},
		"at least a millisecond": {time.Nanosecond, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.run(echo, middleware.Dedup{TTL: c.ttl}.Middleware)
			w.publish("1")
			w.settled()
			ttl := w.client.PTTL(context.Background(), commit.MarkKey(w.in, "g", "1")).Val()
			if c.want == 0 {
				require.Eventually(t, func() bool {
					return w.client.Exists(context.Background(), commit.MarkKey(w.in, "g", "1")).Val() == 0
				}, patience, time.Millisecond)
				return
			}
			require.InDelta(t, c.want, ttl, float64(time.Minute))
		})
	}
}

func TestDedupNeedsAHandoff(t *testing.T) {
	t.Parallel()
	_, err := middleware.Dedup{}.Middleware(echo)(message.NewMessage("1", nil))
	require.ErrorIs(t, err, middleware.ErrNoHandoff)
	require.ErrorContains(t, err, "message 1")
}

// Both together: a message that failed is tried again, and its duplicate is not.
func TestDedupAroundRetry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	calls := 0
	w.run(failing(2, errHiccup, &calls), middleware.Dedup{}.Middleware, quick.Middleware)
	w.publish("1")
	w.settled()
	w.publish("1")
	w.settled()
	require.Equal(t, []string{"made by call 3"}, w.published(w.out))
	require.Equal(t, 3, calls)
}
