package suites

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/benchmarks/bench"
)

func TestWhatDoesNotArriveCostsPatienceButCountsNoTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		some, all := bench.NewTally(2), bench.NewTally(1)
		time.AfterFunc(time.Second, func() { some.Came(1) })
		time.AfterFunc(3*time.Second, func() { all.Came(0) })
		last, err := allArrived(t.Context(), some, all)
		require.NoError(t, err)
		require.InDelta(t, 3*time.Second, last.Sub(began), float64(200*time.Millisecond))
		require.Greater(t, time.Since(began), patience)
		require.Equal(t, 1, some.Account().Lost)
	})
}

func TestTheClockStopsWhenTheLastMessageArrives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		one, other := bench.NewTally(1), bench.NewTally(1)
		time.AfterFunc(1234*time.Millisecond, func() { one.Came(0) })
		time.AfterFunc(time.Second, func() { other.Came(0) })
		last, err := allArrived(t.Context(), one, other)
		require.NoError(t, err)
		require.Equal(t, 1234*time.Millisecond, last.Sub(began))
	})
}
