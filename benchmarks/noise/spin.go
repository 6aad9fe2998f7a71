package noise

import (
	"runtime"
	"slices"
	"sync"
	"time"
)

const (
	// spinSteps take about 7 ms at 3 GHz: longer than the hitches of a quiet machine.
	spinSteps = 5_000_000
	// spinTimes is how often a sample does its work. The median leaves out a hitch or two.
	spinTimes = 5
)

// spin returns how long the work takes on all cores at once.
func spin(cores int) time.Duration {
	var took []time.Duration
	for range spinTimes {
		took = append(took, spinOnce(cores))
	}
	slices.Sort(took)
	return took[len(took)/2]
}

// spinOnce returns when the slowest core has done its work.
func spinOnce(cores int) time.Duration {
	var workers sync.WaitGroup
	begin := time.Now()
	for i := range cores {
		workers.Go(func() { runtime.KeepAlive(shifts(uint64(i + 1))) })
	}
	workers.Wait()
	return time.Since(begin)
}

// shifts depends on its last result in each step and on no memory: only the clock of
// the core, and whether one has it, makes a difference.
func shifts(x uint64) uint64 {
	for range spinSteps {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	return x
}
