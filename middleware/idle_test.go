package middleware

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWhatIsIdleIsForgottenAndNothingElse(t *testing.T) {
	t.Parallel()
	var keys idling[bool]
	idle := func(busy bool) bool { return !busy }
	for i := range 500 {
		keys.add("busy "+strconv.Itoa(i), true, idle)
	}
	for i := range 100_000 {
		keys.add(strconv.Itoa(i), false, idle)
		require.LessOrEqual(t, len(keys.entries), leastKept)
	}
	for i := range 500 {
		require.True(t, keys.entries["busy "+strconv.Itoa(i)])
	}
}

func TestManyBusyKeysAreNotLookedThroughEachTime(t *testing.T) {
	t.Parallel()
	var keys idling[bool]
	looked := 0
	for i := range 100_000 {
		keys.add(strconv.Itoa(i), true, func(bool) bool { looked++; return false })
	}
	require.Len(t, keys.entries, 100_000)
	require.Less(t, looked, 200_000)
}

// A key whose burst is saved up again is as one that nobody knows.
func TestALimiterForgetsKeysThatCouldAsWellBeNew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		made, err := PerProcess(1, 10)
		require.NoError(t, err)
		limiter := made.(*perProcess)
		for i := range 100_000 {
			_, err := limiter.Take(t.Context(), strconv.Itoa(i))
			require.NoError(t, err)
			time.Sleep(time.Millisecond) // a thousand of them are used in a second
		}
		require.LessOrEqual(t, len(limiter.buckets.entries), 2*leastKept)
	})
}
