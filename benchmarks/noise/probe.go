package noise

import (
	"context"
	"runtime"
	"slices"
	"time"

	"github.com/millstream-go/millstream/internal/pause"
)

const (
	// tries is how often a slow sample is taken again, and settle the time before that: a
	// measurement leaves garbage behind, and Redis frees memory in the background.
	tries  = 3
	settle = 100 * time.Millisecond
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
// else should be going on in this program, and on a noisy machine less than a second.
func (p *Probe) Sample(ctx context.Context) {
	p.last = p.read()
	if len(p.spins) == 0 {
		p.first = p.last
	}
	runtime.GC() // or it might be at work in the middle
	took := p.spin(p.cores)
	for range tries {
		if !p.slow(took) || !pause.For(ctx, nil, settle) {
			break
		}
		took = min(took, p.spin(p.cores))
	}
	p.spins = append(p.spins, took)
}

// slow reports whether a sample would count as noise beside those before.
func (p *Probe) slow(took time.Duration) bool {
	return len(p.spins) > 0 && slowdown(took, slices.Min(p.spins)) > MaxSlowdown
}

// slowdown returns by which share some work took longer than at another time.
func slowdown(took, fastest time.Duration) float64 { return float64(took)/float64(fastest) - 1 }

// Report returns what the samples so far show.
func (p *Probe) Report() Report {
	r := Report{
		Cores: p.cores, Samples: len(p.spins),
		LoadBefore: p.first.load, LoadAfter: p.last.load, Steal: p.last.stolenSince(p.first),
	}
	if len(p.spins) > 0 {
		r.Slowdown = slowdown(slices.Max(p.spins), slices.Min(p.spins))
	}
	r.judge()
	return r
}
