package noise

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// machine is a probe of a machine with two cores, which does what it is told.
func machine(load float64, samples ...sample) *Probe {
	i := -1
	return &Probe{
		cores:     2,
		readTicks: func() (ticks, bool) { i++; return samples[i].ticks, samples[i].ticks.all > 0 },
		readLoad:  func() (float64, bool) { return load, load >= 0 },
		spin:      func(int) time.Duration { return samples[i].spin },
	}
}

type sample struct {
	spin  time.Duration
	ticks ticks
}

// reasons takes as many samples.
func reasons(p *Probe, samples int) []string {
	for range samples {
		p.Sample()
	}
	r := p.Report()
	return r.Reasons
}

func TestQuietMachineIsNotNoisy(t *testing.T) {
	p := machine(0.9,
		sample{10 * time.Millisecond, ticks{stolen: 100, all: 1000}},
		sample{10900 * time.Microsecond, ticks{stolen: 100.1, all: 1010}})
	assert.Empty(t, reasons(p, 2))
	r := p.Report()
	assert.False(t, r.Noisy())
	assert.InDelta(t, 0.09, r.Slowdown, 1e-9)
	assert.InDelta(t, 0.01, *r.Steal, 1e-6)
	assert.Equal(t, 2, r.Samples)
}

func TestReasonsOfNoise(t *testing.T) {
	for name, test := range map[string]struct {
		probe *Probe
		want  string
	}{
		"slow moments": {
			machine(0, sample{spin: 10 * time.Millisecond}, sample{spin: 12300 * time.Microsecond}, sample{spin: 11 * time.Millisecond}),
			"the processor was 23 % slower in some moments than in others",
		},
		"load before": {
			machine(3.1, sample{spin: 1}, sample{spin: 1}, sample{spin: 1}),
			"load 3.1 on 2 cores before the start",
		},
		"stolen time": {
			machine(0, sample{1, ticks{1, 100}}, sample{1, ticks{2, 150}}, sample{1, ticks{9, 200}}),
			"steal 8 %",
		},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, []string{test.want}, reasons(test.probe, 3))
			r := test.probe.Report()
			assert.True(t, r.Noisy())
		})
	}
}

func TestWhatASystemDoesNotTellIsLeftOut(t *testing.T) {
	p := machine(-1, sample{spin: 1}, sample{spin: 1})
	assert.Empty(t, reasons(p, 2))
	r := p.Report()
	assert.Nil(t, r.Load)
	assert.Nil(t, r.Steal)
}

func TestProbeWithoutSamplesHasNothingToReport(t *testing.T) {
	r := New().Report()
	assert.False(t, r.Noisy())
	assert.Zero(t, r.Slowdown)
}

func TestProbeOfThisMachine(t *testing.T) {
	p := New()
	p.Sample()
	p.Sample()
	r := p.Report()
	assert.Equal(t, 2, r.Samples)
	assert.Positive(t, r.Cores)
	assert.GreaterOrEqual(t, r.Slowdown, 0.0)
	require.NotNil(t, r.Load, "every system that this is tested on tells")
}
