package noise

import (
	"runtime"

	"github.com/shirou/gopsutil/v4/cpu"
	loadavg "github.com/shirou/gopsutil/v4/load"
)

// load returns the load average of the last minute, if the system tells.
func load() (float64, bool) {
	avg, err := loadavg.Avg()
	if err != nil {
		return 0, false
	}
	return avg.Load1, true
}

// ticks are the seconds that all processors together have had since the machine started.
type ticks struct {
	stolen, all float64
}

// now returns the ticks so far, if the system tells which were stolen.
func now() (ticks, bool) {
	if runtime.GOOS != "linux" {
		return ticks{}, false
	}
	times, err := cpu.Times(false)
	if err != nil || len(times) == 0 {
		return ticks{}, false
	}
	t := times[0]
	// A guest's time is part of the user's.
	all := t.User + t.Nice + t.System + t.Idle + t.Iowait + t.Irq + t.Softirq + t.Steal
	return ticks{stolen: t.Steal, all: all}, true
}

// stolenSince returns the share of the time since before that was stolen. It is nil
// where that is not known.
func (t ticks) stolenSince(before ticks) *float64 {
	if before.all == 0 || t.all <= before.all {
		return nil
	}
	share := (t.stolen - before.stolen) / (t.all - before.all)
	return &share
}
