package noise

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sample is what a machine shows at a time.
type sample struct {
	spin        time.Duration
	load        float64
	stolen, all float64
}

// machine is a probe of a machine with two cores, which shows the samples one by one.
func machine(samples ...sample) *Probe {
	i := -1
	return &Probe{
		cores: 2,
		read: func() reading {
			i++
			return reading{&samples[i].load, samples[i].stolen, samples[i].all}
		},
		spin: func(int) time.Duration { return samples[i].spin },
	}
}

// reasons takes as many samples.
func reasons(p *Probe, samples int) []string {
	for range samples {
		p.Sample(context.Background())
	}
	r := p.Report()
	return r.Reasons
}

func TestQuietMachineIsNotNoisy(t *testing.T) {
	p := machine(
		sample{spin: 10 * time.Millisecond, load: 0.9, stolen: 100, all: 1000},
		sample{spin: 10900 * time.Microsecond, load: 2.5, stolen: 100.1, all: 1010})
	assert.Empty(t, reasons(p, 2))
	r := p.Report()
	assert.False(t, r.Noisy())
	assert.InDelta(t, 0.09, r.Slowdown, 1e-9)
	assert.InDelta(t, 0.01, *r.Steal, 1e-6)
	assert.InDelta(t, 0.9, *r.LoadBefore, 1e-9)
	assert.InDelta(t, 2.5, *r.LoadAfter, 1e-9, "that is of the benchmarks themselves")
	assert.Equal(t, 2, r.Samples)
}

func TestReasonsOfNoise(t *testing.T) {
	for name, test := range map[string]struct {
		probe *Probe
		want  string
	}{
		"slow moments": {
			machine(sample{spin: 10 * time.Millisecond}, sample{spin: 12300 * time.Microsecond}, sample{spin: 11 * time.Millisecond}),
			"the processor was 23 % slower in some moments than in others",
		},
		"load before": {
			machine(sample{spin: 1, load: 3.1}, sample{spin: 1}, sample{spin: 1}),
			"load 3.1 on 2 cores before the start",
		},
		"stolen time": {
			machine(sample{spin: 1, stolen: 1, all: 100}, sample{spin: 1, stolen: 2, all: 150}, sample{spin: 1, stolen: 9, all: 200}),
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

func TestWhatMeasurementsLeaveBehindIsNoNoise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		p := machine(sample{}, sample{})
		p.spin = func(int) time.Duration {
			if took := time.Since(begin); took > 0 && took < 150*time.Millisecond {
				return 20 * time.Millisecond
			}
			return 10 * time.Millisecond
		}
		p.Sample(t.Context())
		time.Sleep(time.Millisecond) // a measurement ends
		p.Sample(t.Context())
		assert.Zero(t, p.Report().Slowdown)
	})
}

func TestSampleDoesNotWaitWhenItIsNotToGoOn(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := machine(sample{spin: 1}, sample{spin: 9})
	p.Sample(ctx)
	p.Sample(ctx)
	assert.InDelta(t, 8.0, p.Report().Slowdown, 1e-9)
}

func TestWhatASystemDoesNotTellIsLeftOut(t *testing.T) {
	p := &Probe{cores: 2, read: func() reading { return reading{} }, spin: func(int) time.Duration { return 1 }}
	assert.Empty(t, reasons(p, 2))
	r := p.Report()
	assert.Nil(t, r.LoadBefore)
	assert.Nil(t, r.Steal)
}

func TestProbeWithoutSamplesHasNothingToReport(t *testing.T) {
	r := New().Report()
	assert.False(t, r.Noisy())
	assert.Zero(t, r.Slowdown)
}

func TestProbeOfThisMachine(t *testing.T) {
	p := New()
	p.Sample(t.Context())
	p.Sample(t.Context())
	r := p.Report()
	assert.Equal(t, 2, r.Samples)
	assert.Positive(t, r.Cores)
	assert.GreaterOrEqual(t, r.Slowdown, 0.0)
	require.NotNil(t, r.LoadBefore, "every system that this is tested on tells")
}
