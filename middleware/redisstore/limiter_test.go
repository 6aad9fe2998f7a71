package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/middleware/redisstore"
)

// newLimiter returns a limiter with a prefix of its own, if config has none.
func newLimiter(t *testing.T, client redis.UniversalClient, config redisstore.LimiterConfig) *redisstore.Limiter {
	t.Helper()
	if config.Prefix == "" {
		config.Prefix = newPrefix(t)
	}
	limiter, err := redisstore.NewLimiter(client, config)
	require.NoError(t, err)
	return limiter
}

func newPrefix(t *testing.T) string { return t.Name() + watermill.NewShortUUID() + ":" }

func take(t *testing.T, limiter *redisstore.Limiter, key string) time.Duration {
	t.Helper()
	wait, err := limiter.Take(t.Context(), key)
	require.NoError(t, err)
	return wait
}

func TestALimiterThatMakesNoSenseIsNotMade(t *testing.T) {
	t.Parallel()
	client := server.Client(t)
	for name, c := range map[string]struct {
		client redis.UniversalClient
		config redisstore.LimiterConfig
		want   string
	}{
		"no client":        {nil, redisstore.LimiterConfig{Rate: 1}, "the client is nil"},
		"no rate":          {client, redisstore.LimiterConfig{}, "a rate of 0 tokens per second lets nothing through"},
		"a negative rate":  {client, redisstore.LimiterConfig{Rate: -1}, "must be above 0"},
		"an infinite rate": {client, redisstore.LimiterConfig{Rate: rate.Inf}, "leave the limiter out"},
		"too fast":         {client, redisstore.LimiterConfig{Rate: 1_000_001}, "more than a clock of microseconds can count"},
		"not a number":     {client, redisstore.LimiterConfig{Rate: rate.Limit(math.NaN())}, "must be above 0"},
		"a negative burst": {client, redisstore.LimiterConfig{Rate: 1, Burst: -1}, "must be at least 1"},
		"a burst of years": {client, redisstore.LimiterConfig{Rate: rate.Every(time.Hour), Burst: 100_000}, "raise the rate or lower the burst"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			limiter, err := redisstore.NewLimiter(c.client, c.config)
			require.ErrorContains(t, err, c.want)
			require.Nil(t, limiter)
		})
	}
	_, err := new(redisstore.Limiter).Take(t.Context(), "a")
	require.ErrorContains(t, err, "make it with NewLimiter")
}

func TestALimiterHandsOutItsBurstAndThenItsRate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]redisstore.LimiterConfig{
		"one a minute":      {Rate: rate.Every(time.Minute)},
		"three at once":     {Rate: rate.Every(time.Minute), Burst: 3},
		"a third of a":      {Rate: 1.0 / 3, Burst: 2},
		"one a year":        {Rate: rate.Every(365 * 24 * time.Hour)},
		"a hundred an hour": {Rate: 100.0 / 3600, Burst: 100},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := server.Client(t)
			limiter := newLimiter(t, client, c)
			for range max(c.Burst, 1) {
				require.Zero(t, take(t, limiter, "a"))
			}
			interval := time.Duration(float64(time.Second) / float64(c.Rate))
			first := take(t, limiter, "a")
			for range 5 {
				wait := take(t, limiter, "a")
				require.LessOrEqual(t, wait, first, "to be told to wait takes no token")
				require.LessOrEqual(t, wait, interval+time.Microsecond)
				require.Greater(t, wait, interval-patience)
			}
			require.Zero(t, take(t, limiter, "b"), "keys have tokens of their own")
		})
	}
}

const patience = 30 * time.Second

// now is the server's time, by which the limit goes.
func now(t *testing.T, client redis.UniversalClient) time.Time {
	t.Helper()
	at, err := client.Time(t.Context()).Result()
	require.NoError(t, err)
	return at
}

// Whatever happens in between, in the time between two looks at the server's clock no
// more tokens are taken than the limit allows.
func TestClientsTogetherNeverTakeMoreThanTheLimit(t *testing.T) {
	t.Parallel()
	for _, config := range []redisstore.LimiterConfig{
		{Rate: 50, Burst: 1}, {Rate: 200, Burst: 20}, {Rate: 1000, Burst: 300}, {Rate: 1_000_000, Burst: 1},
	} {
		t.Run(fmt.Sprintf("%v and %d at once", config.Rate, config.Burst), func(t *testing.T) {
			t.Parallel()
			config.Prefix = newPrefix(t)
			const clients, wanted = 4, 100
			client := server.Client(t)
			start := now(t, client)
			var taken atomic.Int64
			var working sync.WaitGroup
			failed := make([]error, clients)
			for i := range clients {
				limiter := newLimiter(t, server.Client(t), config)
				working.Go(func() {
					for n := 0; n < wanted; {
						wait, err := limiter.Take(context.Background(), "shared")
						if err != nil {
							failed[i] = err
							return
						}
						if wait == 0 {
							n++
							taken.Add(1)
						}
						time.Sleep(wait)
					}
				})
			}
			working.Wait()
			took := now(t, client).Sub(start)
			require.NoError(t, errors.Join(failed...))
			require.Equal(t, int64(clients*wanted), taken.Load())
			require.LessOrEqual(t, float64(taken.Load()), float64(config.Burst)+float64(config.Rate)*took.Seconds())
		})
	}
}

func TestLimitersWithAPrefixShareTokens(t *testing.T) {
	t.Parallel()
	client := server.Client(t)
	config := redisstore.LimiterConfig{Rate: rate.Every(time.Hour), Prefix: newPrefix(t)}
	one, same := newLimiter(t, client, config), newLimiter(t, client, config)
	config.Prefix += "other:"
	other := newLimiter(t, client, config)
	require.Zero(t, take(t, one, "a"))
	require.Positive(t, take(t, same, "a"))
	require.Zero(t, take(t, other, "a"))
}

// Only what is not full takes memory.
func TestAKeyInRedisEndsWhenItsBurstIsSavedUp(t *testing.T) {
	t.Parallel()
	client := server.Client(t)
	prefix := newPrefix(t)
	limiter := newLimiter(t, client, redisstore.LimiterConfig{Rate: rate.Every(time.Minute), Burst: 10, Prefix: prefix})
	for n := range 3 {
		take(t, limiter, "a")
		ttl := client.PTTL(t.Context(), prefix+"a").Val()
		require.InDelta(t, time.Duration(n+1)*time.Minute, ttl, float64(patience))
	}
	brief := newLimiter(t, client, redisstore.LimiterConfig{Rate: 1000, Prefix: prefix})
	take(t, brief, "b")
	require.Eventually(t, func() bool { return client.Exists(t.Context(), prefix+"b").Val() == 0 }, patience, time.Millisecond)
}

// What was noted under another clock or another limit makes nobody wait for longer
// than an empty bucket would.
func TestNobodyWaitsForLongerThanTheLimitAsksFor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ before, after redisstore.LimiterConfig }{
		"after the rate was raised": {
			before: redisstore.LimiterConfig{Rate: rate.Every(time.Hour), Burst: 100},
			after:  redisstore.LimiterConfig{Rate: rate.Every(time.Minute), Burst: 100},
		},
		"after the burst was lowered": {
			before: redisstore.LimiterConfig{Rate: rate.Every(time.Minute), Burst: 100},
			after:  redisstore.LimiterConfig{Rate: rate.Every(time.Minute), Burst: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := server.Client(t)
			c.before.Prefix = newPrefix(t)
			c.after.Prefix = c.before.Prefix
			before := newLimiter(t, client, c.before)
			for range 100 {
				require.Zero(t, take(t, before, "a"))
			}
			wait := take(t, newLimiter(t, client, c.after), "a")
			require.Positive(t, wait)
			require.LessOrEqual(t, wait, time.Minute+time.Millisecond)
		})
	}
	t.Run("after the clock was set back", func(t *testing.T) {
		t.Parallel()
		client := server.Client(t)
		prefix := newPrefix(t)
		later := now(t, client).Add(24 * time.Hour).UnixMicro()
		require.NoError(t, client.Set(t.Context(), prefix+"a", later, 0).Err())
		wait := take(t, newLimiter(t, client, redisstore.LimiterConfig{Rate: 1, Burst: 5, Prefix: prefix}), "a")
		require.LessOrEqual(t, wait, time.Second+time.Millisecond)
	})
}

func TestAServerThatForgotTheScriptIsSentItAgain(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t)
	client := own.Client(t)
	limiter := newLimiter(t, client, redisstore.LimiterConfig{Rate: 1, Burst: 10})
	require.Zero(t, take(t, limiter, "a"))
	require.NoError(t, client.ScriptFlush(t.Context()).Err())
	require.Zero(t, take(t, limiter, "a"))
	own.Restart(t)
	require.Zero(t, take(t, limiter, "a"))
}

func TestALimiterTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	t.Run("with the server", func(t *testing.T) {
		t.Parallel()
		own := redistest.Start(t)
		limiter := newLimiter(t, own.Client(t), redisstore.LimiterConfig{Rate: 1})
		own.Kill(t)
		_, err := limiter.Take(t.Context(), "a")
		require.ErrorContains(t, err, "redisstore limiter: ")
	})
	t.Run("with the key", func(t *testing.T) {
		t.Parallel()
		client := server.Client(t)
		prefix := newPrefix(t)
		require.NoError(t, client.RPush(t.Context(), prefix+"a", "of another").Err())
		_, err := newLimiter(t, client, redisstore.LimiterConfig{Rate: 1, Prefix: prefix}).Take(t.Context(), "a")
		require.ErrorContains(t, err, "WRONGTYPE")
	})
}

func TestOnAClusterTheKeysAreSpread(t *testing.T) {
	t.Parallel()
	client := redistest.StartCluster(t, 0).Client(t)
	limiter := newLimiter(t, client, redisstore.LimiterConfig{Rate: rate.Every(time.Hour), Burst: 2})
	for i := range 30 {
		key := fmt.Sprint("tenant ", i)
		require.Zero(t, take(t, limiter, key))
		require.Zero(t, take(t, limiter, key))
		require.Positive(t, take(t, limiter, key))
	}
	var servers atomic.Int64
	require.NoError(t, client.ForEachMaster(t.Context(), func(ctx context.Context, master *redis.Client) error {
		if master.DBSize(ctx).Val() > 0 {
			servers.Add(1)
		}
		return nil
	}))
	require.Greater(t, servers.Load(), int64(1))
}

// An outage passes; a key of another type does not, and a stage must not stand still
// for it in silence.
func TestWhatTheServerRefusesIsSaidToBe(t *testing.T) {
	t.Parallel()
	c, prefix := server.Client(t), t.Name()+watermill.NewUUID()
	limiter, err := redisstore.NewLimiter(c, redisstore.LimiterConfig{Rate: 1, Prefix: prefix})
	require.NoError(t, err)
	require.NoError(t, c.RPush(t.Context(), prefix+"k", "no bucket").Err())
	_, err = limiter.Take(t.Context(), "k")
	require.ErrorIs(t, err, middleware.ErrLimitRefused)

	calls := 0
	_, err = middleware.RateLimit{Limiter: limiter, Key: func(*message.Message) string { return "k" }}.Middleware(
		func(*message.Message) ([]*message.Message, error) { calls++; return nil, nil })(message.NewMessage("1", nil))
	require.ErrorIs(t, err, middleware.ErrLimitRefused)
	require.Zero(t, calls)

	_, err = redisstore.NewLimiter((*redis.Client)(nil), redisstore.LimiterConfig{Rate: 1})
	require.ErrorContains(t, err, "the client is nil")
}
