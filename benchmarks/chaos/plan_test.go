package chaos_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/benchmarks/chaos"
)

const workers = 4

func TestASeedMakesThePlan(t *testing.T) {
	require.Equal(t, chaos.NewPlan(7, time.Minute, workers), chaos.NewPlan(7, time.Minute, workers))
	require.NotEqual(t, chaos.NewPlan(7, time.Minute, workers), chaos.NewPlan(8, time.Minute, workers))
}

func TestAPlanHasEveryKindOfFaultInItsTime(t *testing.T) {
	const duration = 10 * time.Second
	for seed := range uint64(200) {
		plan := chaos.NewPlan(seed, duration, workers)
		counts := map[chaos.Kind]int{}
		at := time.Duration(0)
		for _, f := range plan {
			counts[f.Kind]++
			require.Greater(t, f.At, at, "the order of time")
			at = f.At
			require.Positive(t, f.For)
		}
		require.Less(t, at, duration)
		for _, kind := range chaos.Kinds() {
			require.Positive(t, counts[kind], "%s with seed %d", kind, seed)
		}
	}
}

// Only a worker that is killed may be so whatever else happens to it.
func TestATargetSuffersOneFaultAtATime(t *testing.T) {
	of := map[chaos.Kind]string{
		chaos.FreezeShort: "worker", chaos.FreezeLong: "worker",
		chaos.CutLink: "link", chaos.SlowLink: "link", chaos.TruncateLink: "link",
		chaos.KillRedis: "redis", chaos.FreezeRedis: "redis",
	}
	targets := map[string]int{"worker": workers, "link": workers + 1, "redis": 1}
	for seed := range uint64(50) {
		type target struct {
			what  string
			index int
		}
		busy := map[target]time.Duration{}
		for _, f := range chaos.NewPlan(seed, time.Minute, workers) {
			what, ok := of[f.Kind]
			if !ok {
				assert.Less(t, f.Target, workers)
				continue
			}
			require.Less(t, f.Target, targets[what])
			t1 := target{what, f.Target}
			require.LessOrEqual(t, busy[t1], f.At)
			busy[t1] = f.At + f.For
		}
		require.Len(t, busy, workers+workers+1+1, "seed %d spares one", seed)
	}
}

func TestAFreezeIsBelowOrBeyondTheIdleTime(t *testing.T) {
	for _, f := range chaos.NewPlan(1, time.Hour, workers) {
		switch f.Kind {
		case chaos.FreezeShort:
			require.Less(t, f.For, chaos.IdleTime)
		case chaos.FreezeLong:
			require.Greater(t, f.For, chaos.IdleTime)
		default:
		}
	}
}
