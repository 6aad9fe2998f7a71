package middleware_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/middleware"
)

func TestARepositoryKnowsWhatItWasAskedAbout(t *testing.T) {
	eachStore(t, func(t *testing.T, s asked) {
		r := middleware.Repository(s.store, time.Hour)
		for _, want := range []bool{false, true, true} {
			got, err := r.IsDuplicate(t.Context(), "k")
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
		other, err := r.IsDuplicate(t.Context(), "other")
		require.NoError(t, err)
		require.False(t, other)
	})
}

func TestARepositoryRemembersForItsTime(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ttl  time.Duration
		want bool // whether it is known after a day
	}{
		"an hour":    {ttl: time.Hour},
		"two days":   {ttl: 48 * time.Hour, want: true},
		"for ever":   {ttl: middleware.Forever, want: true},
		"zero":       {ttl: 0, want: true},
		"nanosecond": {ttl: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := middleware.Repository(middleware.NewMemoryStore(), c.ttl)
				_, err := r.IsDuplicate(t.Context(), "k")
				require.NoError(t, err)
				time.Sleep(24 * time.Hour)
				got, err := r.IsDuplicate(t.Context(), "k")
				require.NoError(t, err)
				require.Equal(t, c.want, got)
			})
		})
	}
}

func TestARepositoryOfAStoreThatFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, err := middleware.Repository(nil, time.Hour).IsDuplicate(t.Context(), "k")
		require.ErrorContains(t, err, "no store")

		l := newLedger(answer{err: errAway}, granted(), taken(time.Second))
		l.broken["finish"] = []error{errAway}
		r := middleware.Repository(l, time.Hour)
		_, err = r.IsDuplicate(t.Context(), "k")
		require.ErrorIs(t, err, errAway)
		_, err = r.IsDuplicate(t.Context(), "k")
		require.ErrorIs(t, err, errAway)
		require.Equal(t, []string{"0s acquire k 5s", "0s acquire k 5s", "0s finish k 1h0m0s", "0s release k"}, l.log(),
			"what is not marked can be asked about again")
		got, err := r.IsDuplicate(t.Context(), "k")
		require.NoError(t, err)
		require.True(t, got, "another is about to mark it")
	})
}
