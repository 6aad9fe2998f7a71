package middleware_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/middleware/redisstore"
)

// stores are what every store has to be like.
var stores = map[string]func(t *testing.T) middleware.Store{
	"in memory":  func(*testing.T) middleware.Store { return middleware.NewMemoryStore() },
	"zero value": func(*testing.T) middleware.Store { return &middleware.MemoryStore{} },
	"in Redis": func(t *testing.T) middleware.Store {
		store, err := redisstore.NewDedup(server.Client(t), redisstore.DedupConfig{Prefix: uuid.NewString()})
		require.NoError(t, err)
		return store
	},
}

func eachStore(t *testing.T, test func(t *testing.T, s asked)) {
	t.Helper()
	t.Parallel()
	for name, make := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, asked{t, make(t)})
		})
	}
}

// asked is a store that does not fail.
type asked struct {
	t     *testing.T
	store middleware.Store
}

func (s asked) acquire(key, owner string, ttl time.Duration) middleware.Lease {
	s.t.Helper()
	answer, err := s.store.Acquire(context.Background(), key, owner, ttl)
	require.NoError(s.t, err)
	return answer
}

func (s asked) renew(key, owner string, ttl time.Duration) {
	s.t.Helper()
	require.NoError(s.t, s.store.Renew(context.Background(), key, owner, ttl))
}

func (s asked) release(key, owner string) {
	s.t.Helper()
	require.NoError(s.t, s.store.Release(context.Background(), key, owner))
}

func (s asked) finish(key string, ttl time.Duration) {
	s.t.Helper()
	require.NoError(s.t, s.store.Finish(context.Background(), key, ttl))
}

// becomes waits until a request for a lease has that answer.
func (s asked) becomes(key string, want middleware.LeaseState) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return s.acquire(key, "late", time.Minute).State == want }, patience, time.Millisecond)
}

func TestAStoreGivesALeaseToOne(t *testing.T) {
	eachStore(t, func(t *testing.T, s asked) {
		require.Equal(t, middleware.Lease{State: middleware.Granted}, s.acquire("k", "a", time.Minute))
		taken := s.acquire("k", "b", time.Hour)
		require.Equal(t, middleware.Taken, taken.State)
		require.InDelta(t, time.Minute, taken.Left, float64(10*time.Second))
		require.Equal(t, middleware.Granted, s.acquire("k", "a", time.Hour).State, "its owner asks again")
		require.Greater(t, s.acquire("k", "b", time.Minute).Left, 50*time.Minute)
		require.Equal(t, middleware.Granted, s.acquire("other", "b", time.Minute).State)
		s.release("k", "b")
		require.Equal(t, middleware.Taken, s.acquire("k", "b", time.Minute).State, "it is not b's to release")
		s.release("k", "a")
		require.Equal(t, middleware.Granted, s.acquire("k", "b", time.Minute).State)
	})
}

func TestAStoreTellsOwnersApartByTheirWholeNames(t *testing.T) {
	eachStore(t, func(t *testing.T, s asked) {
		s.acquire("k", "a/1", time.Minute)
		for _, other := range []string{"a/2", "a", "a/", "a%2F1", ""} {
			require.Equal(t, middleware.Taken, s.acquire("k", other, time.Minute).State)
			s.release("k", other)
		}
		require.Equal(t, middleware.Granted, s.acquire("k", "a/1", time.Minute).State)
	})
}

func TestALeaseInAStoreLastsAsLongAsItIsRenewed(t *testing.T) {
	eachStore(t, func(t *testing.T, s asked) {
		s.acquire("k", "a", time.Minute)
		s.renew("k", "b", time.Hour)
		require.LessOrEqual(t, s.acquire("k", "b", time.Minute).Left, time.Minute)
		s.renew("k", "a", time.Hour)
		require.Greater(t, s.acquire("k", "b", time.Minute).Left, 50*time.Minute)
		s.renew("k", "a", time.Millisecond)
		s.becomes("k", middleware.Granted)
		s.renew("k", "a", time.Hour)
		s.release("k", "late")
		s.renew("k", "a", time.Hour)
		require.Equal(t, middleware.Granted, s.acquire("k", "b", time.Minute).State, "what has ended is not renewed")
	})
}

func TestAStoreRemembersWhatIsFinished(t *testing.T) {
	eachStore(t, func(t *testing.T, s asked) {
		s.acquire("k", "a", time.Minute)
		s.finish("k", time.Hour)
		for _, owner := range []string{"a", "b"} {
			s.renew("k", owner, time.Millisecond)
			s.release("k", owner)
			require.Equal(t, middleware.Lease{State: middleware.Finished}, s.acquire("k", owner, time.Minute))
		}
		s.finish("k", time.Millisecond)
		s.finish("forever", middleware.Forever)
		s.finish("zero", 0)
		s.finish("short", time.Nanosecond)
		s.becomes("short", middleware.Granted)
		for _, key := range []string{"k", "forever", "zero"} {
			require.Equal(t, middleware.Finished, s.acquire(key, "b", time.Minute).State, key)
		}
	})
}

func TestAMarkInAStoreEnds(t *testing.T) {
	eachStore(t, func(t *testing.T, s asked) {
		s.finish("k", 20*time.Millisecond)
		s.becomes("k", middleware.Granted)
	})
}

func TestOfManyAtOnceAStoreGivesALeaseToOne(t *testing.T) {
	eachStore(t, func(t *testing.T, s asked) {
		got := make(chan middleware.LeaseState)
		const many = 16
		for range many {
			go func() {
				answer, err := s.store.Acquire(context.Background(), "k", uuid.NewString(), time.Minute)
				if err != nil {
					t.Error(err)
				}
				got <- answer.State
			}()
		}
		states := map[middleware.LeaseState]int{}
		for range many {
			states[<-got]++
		}
		require.Equal(t, map[middleware.LeaseState]int{middleware.Granted: 1, middleware.Taken: many - 1}, states)
	})
}

func TestAMemoryStoreForgetsWhatHasEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := middleware.NewMemoryStore()
		s := asked{t, store}
		for n := range 1000 {
			s.acquire(name(n), "a", time.Duration(n+1)*time.Second)
			if n%2 == 0 {
				s.finish(name(n), time.Hour+time.Duration(n+1)*time.Second)
			}
		}
		s.finish("forever", middleware.Forever)
		require.Equal(t, 1001, store.Len())
		time.Sleep(500 * time.Second)
		require.Equal(t, 751, store.Len())
		s.renew(name(999), "a", 3*time.Hour)
		time.Sleep(time.Hour)
		require.Equal(t, 252, store.Len())
		time.Sleep(time.Hour)
		require.Equal(t, 2, store.Len())
		time.Sleep(24 * time.Hour)
		require.Equal(t, 1, store.Len())
	})
}
