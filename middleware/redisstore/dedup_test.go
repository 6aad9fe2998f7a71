package redisstore_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/middleware/redisstore"
)

func TestADedupNeedsAClient(t *testing.T) {
	t.Parallel()
	for _, client := range []redis.UniversalClient{nil, (*redis.Client)(nil)} {
		_, err := redisstore.NewDedup(client, redisstore.DedupConfig{})
		require.ErrorContains(t, err, "client is nil")
	}
	for _, store := range []*redisstore.Dedup{nil, {}} {
		_, err := store.Acquire(t.Context(), "k", "a", time.Minute)
		require.ErrorContains(t, err, "NewDedup")
		require.ErrorContains(t, store.Renew(t.Context(), "k", "a", time.Minute), "NewDedup")
		require.ErrorContains(t, store.Release(t.Context(), "k", "a"), "NewDedup")
		require.ErrorContains(t, store.Finish(t.Context(), "k", time.Minute), "NewDedup")
	}
}

func TestTheKeysOfADedup(t *testing.T) {
	t.Parallel()
	ctx, c, k := t.Context(), server.Client(t), uuid.NewString()
	for name, d := range map[string]struct{ prefix, want string }{
		"by default": {"", "millstream:dedup:" + k},
		"as told":    {"{shop}", "{shop}" + k},
	} {
		t.Run(name, func(t *testing.T) {
			store, err := redisstore.NewDedup(c, redisstore.DedupConfig{Prefix: d.prefix})
			require.NoError(t, err)
			_, err = store.Acquire(ctx, k, "a", time.Minute)
			require.NoError(t, err)
			require.Equal(t, "lease a", c.Get(ctx, d.want).Val())
			require.InDelta(t, time.Minute, c.PTTL(ctx, d.want).Val(), float64(10*time.Second))
			require.NoError(t, store.Finish(ctx, k, time.Hour))
			require.Equal(t, "done", c.Get(ctx, d.want).Val())
			require.InDelta(t, time.Hour, c.PTTL(ctx, d.want).Val(), float64(time.Minute))
		})
	}
}

func TestWhatProcessesShare(t *testing.T) {
	t.Parallel()
	prefix := uuid.NewString()
	open := func(prefix string) *redisstore.Dedup {
		store, err := redisstore.NewDedup(server.Client(t), redisstore.DedupConfig{Prefix: prefix})
		require.NoError(t, err)
		return store
	}
	one, same, other := open(prefix), open(prefix), open(prefix+"other")
	require.NoError(t, one.Finish(t.Context(), "k", time.Hour))
	for store, want := range map[*redisstore.Dedup]middleware.LeaseState{same: middleware.Finished, other: middleware.Granted} {
		answer, err := store.Acquire(t.Context(), "k", "a", time.Minute)
		require.NoError(t, err)
		require.Equal(t, want, answer.State)
	}
}

func TestADedupWorksOnACluster(t *testing.T) {
	t.Parallel()
	store, err := redisstore.NewDedup(redistest.StartCluster(t, 0).Client(t), redisstore.DedupConfig{})
	require.NoError(t, err)
	for range 20 { // in slots all over the cluster
		key := uuid.NewString()
		_, err := store.Acquire(t.Context(), key, "a", time.Minute)
		require.NoError(t, err)
		require.NoError(t, store.Renew(t.Context(), key, "a", time.Minute))
		require.NoError(t, store.Finish(t.Context(), key, time.Minute))
		require.NoError(t, store.Release(t.Context(), key, "a"))
		answer, err := store.Acquire(t.Context(), key, "b", time.Minute)
		require.NoError(t, err)
		require.Equal(t, middleware.Finished, answer.State)
	}
}

func TestTheErrorsOfADedupNameTheKey(t *testing.T) {
	t.Parallel()
	c, key := server.Client(t), uuid.NewString()
	require.NoError(t, c.RPush(t.Context(), key, "x").Err())
	store, err := redisstore.NewDedup(c, redisstore.DedupConfig{Prefix: key[:4]})
	require.NoError(t, err)
	_, err = store.Acquire(t.Context(), key[4:], "a", time.Minute)
	require.ErrorContains(t, err, "WRONGTYPE")
	require.ErrorContains(t, err, key)
	require.ErrorContains(t, err, "redisstore: ")
}
