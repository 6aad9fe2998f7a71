package report_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/benchmarks/report"
)

func reportOf(results ...bench.Result) *report.Report {
	return &report.Report{Environment: environment(), Results: results}
}

func compared(t *testing.T, before, after *report.Report) (*report.Comparison, string) {
	t.Helper()
	c := report.Compare(before, after)
	var b strings.Builder
	n, err := c.WriteTo(&b)
	require.NoError(t, err)
	assert.EqualValues(t, b.Len(), n)
	return c, b.String()
}

func TestAChangeBeyondNoiseIsTold(t *testing.T) {
	before := timed(made("chain", "stages=3", "stock", 100, 101, 102, 103, 104), 800, 4000)
	after := timed(made("chain", "stages=3", "stock", 201, 202, 203, 204, 205), 900, 2000)
	c, text := compared(t, reportOf(before), reportOf(after))
	require.Len(t, c.Changes, 3)
	for i, better := range []bool{true, false, true} { // msg/s, p50, p99
		assert.True(t, c.Changes[i].Significant)
		assert.Equal(t, better, c.Changes[i].Better(), c.Changes[i].Metric)
	}
	assert.InDelta(t, 99, c.Changes[0].Percent, 0.1)
	assert.Contains(t, text, "+99.0 %   better   p=0.008 n=5+5")
	assert.Contains(t, text, "+12.5 %    worse")
	assert.Empty(t, c.Warnings)
	assert.Empty(t, c.Fates)
}

func TestNoiseIsNoChange(t *testing.T) {
	c, text := compared(t,
		reportOf(made("chain", "stages=3", "stock", 100, 140, 120, 110, 130)),
		reportOf(made("chain", "stages=3", "stock", 105, 145, 125, 115, 135)))
	assert.False(t, c.Changes[0].Significant)
	assert.False(t, c.Changes[0].TooFew)
	assert.Contains(t, text, "~")
	assert.NotContains(t, text, "better  ")
}

func TestTooFewRoundsTellNothing(t *testing.T) {
	for _, rounds := range []struct {
		before, after []float64
		few           bool
	}{
		{[]float64{1}, []float64{100}, true},
		{[]float64{1, 2, 3}, []float64{100, 101, 102}, true},
		{[]float64{1, 2}, []float64{100, 101, 102, 103}, true},
		{[]float64{1, 2, 3}, []float64{100, 101, 102, 103, 104}, false},
		{[]float64{1, 2, 3, 4}, []float64{100, 101, 102, 103}, false},
	} {
		c, text := compared(t,
			reportOf(made("chain", "stages=3", "stock", rounds.before...)),
			reportOf(made("chain", "stages=3", "stock", rounds.after...)))
		assert.Equal(t, rounds.few, c.Changes[0].TooFew, rounds)
		assert.Equal(t, !rounds.few, c.Changes[0].Significant, rounds)
		assert.Equal(t, rounds.few, strings.Contains(text, "--rounds 4"), rounds)
	}
}

func TestComparingLeavesTheRoundsInTheirOrder(t *testing.T) {
	r := reportOf(made("chain", "stages=3", "stock", 3, 1, 2))
	compared(t, r, r)
	assert.Equal(t, []float64{3, 1, 2}, r.Results[0].Throughputs)
}

func TestAnotherFateOfMessagesIsAlwaysTold(t *testing.T) {
	before, after := made("loss", "restart", "pubsub", 10), made("loss", "restart", "pubsub", 10)
	after.Lost, after.Received = 1, after.Received-1
	c, text := compared(t, reportOf(before), reportOf(after))
	require.Len(t, c.Fates, 1)
	assert.Contains(t, text, "loss, restart, pubsub: 1000 sent, 1000 received, 0 lost, 0 doubled; then 1000 sent, 999 received, 1 lost")
}

func TestWhatOnlyOneHasIsListed(t *testing.T) {
	c, text := compared(t,
		reportOf(made("chain", "stages=3", "stock", 1)), reportOf(made("chain", "stages=3", "millstream", 1)))
	assert.Equal(t, []string{"chain, stages=3, stock"}, c.OnlyBefore)
	assert.Equal(t, []string{"chain, stages=3, millstream"}, c.OnlyAfter)
	assert.Contains(t, text, "nothing in common")
}

func TestOtherMachinesServersAndSettingsAreWarnedOf(t *testing.T) {
	result := made("chain", "stages=3", "stock", 1)
	for warning, change := range map[string]func(*report.Report){
		"Other CPU: Imaginary 9000, then Real 1":                func(r *report.Report) { r.Environment.CPU = "Real 1" },
		"Other Redis: Redis 7.0.15, started for this, then R 8": func(r *report.Report) { r.Environment.Redis.Description = "R 8" },
		"Other Redis setting appendonly: no, then yes": func(r *report.Report) {
			r.Environment.Redis.Settings = map[string]string{"appendonly": "yes"}
		},
		"Other version of watermill: v1.5.1, then none": func(r *report.Report) { r.Environment.Modules = nil },
		"Other settings: quick false, then true":        func(r *report.Report) { r.Settings.Quick = true },
		"After: measured on an embedded":                func(r *report.Report) { r.Environment.Redis.Embedded = true },
		"After: The machine was noisy":                  func(r *report.Report) { r.Environment.Noise = &report.Noise{Noisy: true} },
		"does not tell where":                           func(r *report.Report) { r.Environment = report.Environment{} },
		"it had 1 stages and 1 receivers, and has 3 and 1": func(r *report.Report) {
			r.Results[0].Stages = 3
		},
	} {
		t.Run(warning, func(t *testing.T) {
			after := reportOf(result)
			change(after)
			_, text := compared(t, reportOf(result), after)
			assert.Contains(t, text, "WARNING: ")
			assert.Contains(t, text, warning)
		})
	}
}

func TestAnotherRevisionOfMillstreamIsNoReasonToWarn(t *testing.T) {
	before, after := reportOf(made("a", "b", "c", 1)), reportOf(made("a", "b", "c", 1))
	after.Environment.Modules = map[string]string{"watermill": "v1.5.1", "millstream": "fedcba987654"}
	c, _ := compared(t, before, after)
	assert.Empty(t, c.Warnings)
}
