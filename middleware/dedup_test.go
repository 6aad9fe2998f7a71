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
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/commit"
	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/internal/lease"
	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/middleware/redisstore"
	"github.com/millstream-go/millstream/streams"
)

// echo publishes the message it gets.
func echo(msg *message.Message) ([]*message.Message, error) {
	return message.Messages{output(msg, msg.UUID)}, nil
}

// soon is a Dedup that looks again quickly.
var soon = middleware.Dedup{RecheckAfter: 20 * time.Millisecond}

func TestDedupDropsDuplicates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dedup, dropped := soon, atomic.Int64{}
	dedup.OnDuplicate = func(*message.Message) { dropped.Add(1) }
	w.run(echo, dedup.Middleware)
	w.publish("1", "2", "1", "1", "2", "3")
	w.settled()
	require.Equal(t, []string{"1", "2", "3"}, w.published(w.out))
	w.publish("3")
	w.settled()
	require.Equal(t, []string{"1", "2", "3"}, w.published(w.out))
	require.EqualValues(t, 4, dropped.Load())
}

func TestDedupByAKeyOfTheUsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.run(echo, middleware.Dedup{RecheckAfter: soon.RecheckAfter, Key: func(msg *message.Message) string {
		key, _, _ := strings.Cut(msg.UUID, "/")
		return key
	}}.Middleware)
	w.publish("a/1", "a/2", "/1", "/2", "b/1")
	w.settled()
	require.Equal(t, []string{"a/1", "/1", "/2", "b/1"}, w.published(w.out), "an empty key is no key")
}

// The difference to Watermill's own Deduplicator, on the same messages, both with
// what they remember in Redis: that one marks a message before the handler has done
// anything.
func TestAFailedMessageIsNotADuplicateOfItself(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		dedup func(t *testing.T) message.HandlerMiddleware
		want  []string
	}{
		"ours": {
			dedup: func(*testing.T) message.HandlerMiddleware { return middleware.Dedup{}.Middleware },
			want:  []string{"made by call 2"},
		},
		"Watermill's": {dedup: watermillsDeduplicator, want: []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			calls := 0
			w.run(failing(1, errHiccup, &calls), c.dedup(t))
			w.publish("1")
			w.settled()
			require.Equal(t, c.want, w.published(w.out))
		})
	}
}

func watermillsDeduplicator(t *testing.T) message.HandlerMiddleware {
	t.Helper()
	store, err := redisstore.NewDedup(server.Client(t), redisstore.DedupConfig{Prefix: t.Name()})
	require.NoError(t, err)
	return (&wm.Deduplicator{Repository: middleware.Repository(store, time.Hour)}).Middleware
}

func TestADuplicateWaitsForTheOneThatIsAtWork(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fails bool
		want  []string
	}{
		"and is dropped when it succeeds":      {want: []string{"1"}},
		"and takes its place when it gives up": {fails: true, want: []string{"2"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			dedup := soon
			dedup.Key = func(*message.Message) string { return "same" }
			begun, release := make(chan struct{}), make(chan struct{})
			var runs atomic.Int64
			w.runIn(streams.SubscriberConfig{Concurrency: 3}, func(msg *message.Message) ([]*message.Message, error) {
				runs.Add(1)
				if msg.UUID == "1" {
					close(begun)
					<-release
					if c.fails {
						return nil, handoff.RetryAfter(time.Hour)
					}
				}
				return echo(msg)
			}, dedup.Middleware)
			w.publish("1")
			<-begun
			w.publish("2")
			require.Eventually(t, w.isParked, patience, time.Millisecond)
			require.EqualValues(t, 1, runs.Load())
			close(release)
			require.Eventually(t, func() bool { return len(w.published(w.out)) == 1 }, patience, time.Millisecond)
			require.Equal(t, c.want, w.published(w.out))
			if !c.fails {
				w.settled()
				require.EqualValues(t, 1, runs.Load())
			}
		})
	}
}

// isParked reports whether a message is put aside.
func (w world) isParked() bool {
	return w.client.ZCard(context.Background(), commit.ParkingKey(w.in, "g")).Val() > 0
}

// Two duplicates are in their handlers at the same time, in two processes, for the
// lease of the first was lost: both run, one comes out.
func TestOfTwoDuplicatesAtOnceOneIsCommitted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var together sync.WaitGroup
	together.Add(2)
	meet := func(msg *message.Message) ([]*message.Message, error) {
		// As when it had run out while the process stood still.
		w.client.Del(context.Background(), commit.MarkKey(w.in, "g", msg.UUID))
		together.Done()
		together.Wait()
		return echo(msg)
	}
	w.publish("1", "1")
	w.run(meet, soon.Middleware)
	other := w
	other.client = server.Client(t)
	other.run(meet, soon.Middleware)
	w.settled()
	require.Equal(t, []string{"1"}, w.published(w.out))
}

// What a process had taken a lease for and died with.
func TestTheLeaseOfADeadProcess(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		owner func(entry string) string
		left  time.Duration
		check require.ComparisonAssertionFunc
	}{
		"is its entry's again at once": {
			owner: func(entry string) string { return entry + "/1" }, left: patience, check: require.Less,
		},
		"keeps another until it has run out": {
			owner: func(string) string { return "0-1/1" }, left: time.Second, check: require.GreaterOrEqual,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.publish("1")
			entry := w.die()
			begun := time.Now()
			_, err := lease.Acquire(t.Context(), w.client, commit.MarkKey(w.in, "g", "1"), c.owner(entry), c.left)
			require.NoError(t, err)
			w.runIn(streams.SubscriberConfig{IdleTime: 50 * time.Millisecond}, echo, soon.Middleware)
			w.settled()
			require.Equal(t, []string{"1"}, w.published(w.out))
			c.check(t, time.Since(begun), c.left)
		})
	}
}

// die reads an entry as a process does that then dies, and returns its id.
func (w world) die() string {
	w.t.Helper()
	ctx := context.Background()
	require.NoError(w.t, w.client.XGroupCreateMkStream(ctx, w.in, "g", "0").Err())
	read, err := w.client.XReadGroup(ctx, &redis.XReadGroupArgs{
		Group: "g", Consumer: "dead", Streams: []string{w.in, ">"}, Count: 1, Block: -1,
	}).Result()
	require.NoError(w.t, err)
	return read[0].Messages[0].ID
}

func TestDedupRemembersForItsTTL(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ ttl, want time.Duration }{
		"by default":             {0, middleware.DefaultDedupTTL},
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

func TestDedupNeedsAHandoffOrAStore(t *testing.T) {
	t.Parallel()
	_, err := middleware.Dedup{}.Middleware(echo)(message.NewMessage("1", nil))
	require.ErrorIs(t, err, middleware.ErrNoHandoff)
	require.ErrorContains(t, err, "message 1")
	require.ErrorContains(t, err, "Dedup.Store")
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

// Those that were dropped before their handler ran are counted with those that the
// commit dropped.
func TestDuplicatesAreCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	subscriber, err := streams.NewSubscriber(w.client, "g", streams.SubscriberConfig{})
	require.NoError(t, err)
	w.publish("1", "1", "1")
	messages, err := subscriber.Subscribe(t.Context(), w.in)
	require.NoError(t, err)
	handler := middleware.Dedup{}.Middleware(func(*message.Message) ([]*message.Message, error) { return nil, nil })
	for n := range 3 {
		msg := <-messages
		_, err := handler(msg)
		require.NoError(t, err)
		msg.Ack()
		require.Eventually(t, func() bool {
			stats := subscriber.Stats()[0]
			return stats.Duplicates == uint64(n) && stats.Committed+stats.Duplicates == uint64(n+1)
		}, patience, time.Millisecond)
	}
	require.NoError(t, subscriber.Close())
}
