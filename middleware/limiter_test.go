package middleware_test

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"github.com/millstream-go/millstream/middleware"
)

func perProcess(t *testing.T, perSecond rate.Limit, burst int) middleware.Limiter {
	t.Helper()
	limiter, err := middleware.PerProcess(perSecond, burst)
	require.NoError(t, err)
	return limiter
}

func TestALimiterThatMakesNoSenseIsNotMade(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rate  rate.Limit
		burst int
		want  string
	}{
		"no rate":               {0, 1, "a rate of 0 tokens per second lets nothing through"},
		"a negative rate":       {-1, 1, "must be above 0"},
		"a rate that is none":   {rate.Limit(math.NaN()), 1, "must be above 0"},
		"an infinite rate":      {rate.Inf, 1, "leave the limiter out"},
		"another infinite rate": {rate.Limit(math.Inf(1)), 1, "leave the limiter out"},
		"no burst":              {1, 0, "a burst of 0 lets nothing through"},
		"a negative burst":      {1, -1, "must be at least 1"},
		"a token a year":        {rate.Every(400 * 24 * time.Hour), 1, "raise the rate or lower the burst"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			limiter, err := middleware.PerProcess(c.rate, c.burst)
			require.ErrorContains(t, err, c.want)
			require.Nil(t, limiter)
		})
	}
}

func TestALimiterHandsOutItsBurstAndThenItsRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limiter := perProcess(t, 10, 3)
		take := func(key string) time.Duration {
			t.Helper()
			wait, err := limiter.Take(t.Context(), key)
			require.NoError(t, err)
			return wait
		}
		for range 3 {
			require.Zero(t, take("a"))
		}
		for range 5 {
			require.Equal(t, 100*time.Millisecond, take("a"), "to be told to wait takes no token")
		}
		require.Zero(t, take("b"), "keys have tokens of their own")
		time.Sleep(40 * time.Millisecond)
		require.Equal(t, 60*time.Millisecond, take("a"))
		time.Sleep(60 * time.Millisecond)
		require.Zero(t, take("a"))
		time.Sleep(time.Hour)
		for range 3 {
			require.Zero(t, take("a"))
		}
		require.Positive(t, take("a"), "no more than the burst is saved up")
	})
}

func TestALimiterTakesNothingForWhoHasGoneAway(t *testing.T) {
	t.Parallel()
	limiter := perProcess(t, 1, 1)
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := limiter.Take(gone, "a")
	require.ErrorIs(t, err, context.Canceled)
	wait, err := limiter.Take(context.Background(), "a")
	require.NoError(t, err)
	require.Zero(t, wait)
}
