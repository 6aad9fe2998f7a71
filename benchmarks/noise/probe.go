package noise

import (
	"runtime"
	"slices"
	"time"
)

// Probe takes samples of how evenly a machine works. Its methods must not be called
// concurrently.
type Probe struct {
	cores       int
	spins       []time.Duration
	first, last reading

	// What a sample is made of; tests have a machine of their own.
	spin func(cores int) time.Duration
	read func() reading
}

// New returns a probe of this machine that has seen nothing yet.
func New() *Probe { return &Probe{cores: runtime.GOMAXPROCS(0), spin: spin, read: read} }

// Sample looks at the machine. It takes a few tens of milliseconds, in which nothing
// else should be going on in this program.
func (p *Probe) Sample() {
	p.last = p.read()
	if len(p.spins) == 0 {
		p.first = p.last
	}
	p.spins = append(p.spins, p.spin(p.cores))
}

// Report returns what the samples so far show.
func (p *Probe) Report() Report {
	r := Report{
		Cores: p.cores, Samples: len(p.spins),
		LoadBefore: p.first.load, LoadAfter: p.last.load, Steal: p.last.stolenSince(p.first),
	}
	if len(p.spins) > 0 {
		r.Slowdown = float64(slices.Max(p.spins))/float64(slices.Min(p.spins)) - 1
	}
	r.judge()
	return r
}
