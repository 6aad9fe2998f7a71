package noise

import "fmt"

// The signs of a noisy machine. Each is a share: 0.1 is 10 %.
const (
	// MaxSlowdown is ten times what a quiet machine shows, and less than the difference
	// between two contenders that anyone would act upon.
	MaxSlowdown = 0.10
	// MaxLoad is the load average of the last minute for each core. The benchmarks keep
	// a core and Redis another one busy: with half the cores taken they have to share.
	MaxLoad = 0.5
	// MaxSteal is small, for stolen time is an average over pauses of many milliseconds,
	// and these are what the upper percentiles of latencies are made of.
	MaxSteal = 0.02
)

// Report is what a probe has seen.
type Report struct {
	// Cores are those that the program may use, Samples how many were taken.
	Cores   int `json:"cores"`
	Samples int `json:"samples"`
	// Slowdown is how much longer the slowest sample took than the fastest: 0.1 is 10 %.
	Slowdown float64 `json:"slowdown"`
	// LoadBefore and LoadAfter are the load averages of a minute at the first sample and
	// at the last, Steal the share of the time between them in which the machine had no
	// processor. They are nil where the system does not tell; but for Linux none tells
	// Steal.
	LoadBefore *float64 `json:"load_before,omitempty"`
	LoadAfter  *float64 `json:"load_after,omitempty"`
	Steal      *float64 `json:"steal,omitempty"`
	// Reasons say for people why the machine counts as noisy.
	Reasons []string `json:"reasons,omitempty"`
}

// Noisy reports whether the machine was too noisy for the figures to be trusted.
func (r *Report) Noisy() bool { return len(r.Reasons) > 0 }

func (r *Report) judge() {
	because := func(format string, args ...any) { r.Reasons = append(r.Reasons, fmt.Sprintf(format, args...)) }
	if r.Slowdown > MaxSlowdown {
		because("the processor was %.0f %% slower in some moments than in others", 100*r.Slowdown)
	}
	if r.LoadBefore != nil && *r.LoadBefore > MaxLoad*float64(r.Cores) {
		because("load %.1f on %d cores before the start", *r.LoadBefore, r.Cores)
	}
	if r.Steal != nil && *r.Steal > MaxSteal {
		because("steal %.0f %%", 100**r.Steal)
	}
}
