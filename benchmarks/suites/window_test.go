package suites

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAWindowKeepsTheSenderNearTheSlowestReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWindow(10, 2)
		require.NoError(t, w.enter(t.Context(), 10), "there is room for 10")
		entered := make(chan error, 1)
		go func() { entered <- w.enter(t.Context(), 5) }()
		for range 10 {
			w.arrived(0)
		}
		for range 4 {
			w.arrived(1)
		}
		synctest.Wait()
		require.Empty(t, entered, "the other has 6 to come")
		w.arrived(1)
		require.NoError(t, <-entered)
	})
}

func TestAWindowGoesOnWithoutWhatIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWindow(10, 1)
		require.NoError(t, w.enter(t.Context(), 10))
		began := time.Now()
		require.NoError(t, w.enter(t.Context(), 4))
		require.Equal(t, patience, time.Since(began), "all 10 are lost")
		require.NoError(t, w.enter(t.Context(), 6), "4 are on the way")
		require.Equal(t, patience, time.Since(began))
	})
}

func TestACallThatIsLargerThanTheWindowGoesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWindow(3, 1)
		began := time.Now()
		require.NoError(t, w.enter(t.Context(), 100))
		for range 100 {
			w.arrived(0)
		}
		require.NoError(t, w.enter(t.Context(), 100))
		require.Zero(t, time.Since(began))
	})
}

func TestWhoWaitsForRoomEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWindow(1, 1)
		require.NoError(t, w.enter(t.Context(), 1))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, w.enter(ctx, 1), context.DeadlineExceeded)
	})
}
