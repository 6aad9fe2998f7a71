package noise

import (
	"runtime"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/load"
)

// reading is what the system tells of itself.
type reading struct {
	// load is the load average of the last minute, nil if the system does not tell.
	load *float64
	// stolen and all are the seconds that its processors together have had so far. They
	// are zero if the system does not tell which were stolen.
	stolen, all float64
}

func read() (now reading) {
	if avg, err := load.Avg(); err == nil {
		now.load = &avg.Load1
	}
	if runtime.GOOS != "linux" {
		return now
	}
	if times, err := cpu.Times(false); err == nil && len(times) > 0 {
		t := times[0]
		now.stolen = t.Steal
		// A guest's time is part of the user's.
		now.all = t.User + t.Nice + t.System + t.Idle + t.Iowait + t.Irq + t.Softirq + t.Steal
	}
	return now
}

// stolenSince returns the share of the time since before that was stolen. It is nil
// where that is not known.
func (now reading) stolenSince(before reading) *float64 {
	if before.all == 0 || now.all <= before.all {
		return nil
	}
	share := (now.stolen - before.stolen) / (now.all - before.all)
	return &share
}
