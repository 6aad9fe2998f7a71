package bench_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/benchmarks/bench"
)

// inTurn returns a contender whose warm-up and rounds come to these.
func inTurn(rounds ...bench.Round) bench.Contender {
	return bench.Contender{Name: "a", Measure: func(context.Context, int) (bench.Round, error) {
		next := rounds[0]
		rounds = rounds[1:]
		return next, nil
	}}
}

// lasting is a round of 100 messages.
func lasting(elapsed time.Duration) bench.Round {
	return bench.Round{Elapsed: elapsed, Account: bench.Account{Sent: 100, Received: 100}}
}

func TestThroughputIsTheMedianOfTheRounds(t *testing.T) {
	for name, test := range map[string]struct {
		rounds []bench.Round
		want   bench.Spread
	}{
		"odd":  {[]bench.Round{lasting(2 * time.Second), lasting(time.Second), lasting(10 * time.Second)}, bench.Spread{Median: 50, Min: 10, Max: 100}},
		"even": {[]bench.Round{lasting(2 * time.Second), lasting(time.Second)}, bench.Spread{Median: 75, Min: 50, Max: 100}},
	} {
		t.Run(name, func(t *testing.T) {
			warmUp := lasting(time.Hour)
			results, err := measure(t, len(test.rounds), inTurn(append([]bench.Round{warmUp}, test.rounds...)...))
			require.NoError(t, err)
			r := results[0]
			assert.Equal(t, test.want, bench.Spread{Median: r.Throughput, Min: r.ThroughputMin, Max: r.ThroughputMax})
			assert.Equal(t, 100*len(test.rounds), r.Messages)
		})
	}
}

func TestResultSumsUpWhatBecameOfTheMessages(t *testing.T) {
	round := bench.Round{Elapsed: time.Second, Account: bench.Account{Sent: 10, Failed: 1, Received: 8, Lost: 2, Doubled: 3, Spoilt: 4}}
	results, err := measure(t, 2, inTurn(lasting(time.Second), round, round))
	require.NoError(t, err)
	r := results[0]
	assert.Equal(t, bench.Account{Sent: 20, Failed: 2, Received: 16, Lost: 4, Doubled: 6, Spoilt: 8},
		bench.Account{Sent: r.Messages, Failed: r.Failed, Received: r.Received, Lost: r.Lost, Doubled: r.Doubled, Spoilt: r.Spoilt})
	assert.False(t, r.Exact())

	results, err = measure(t, 1, inTurn(round, lasting(time.Second)))
	require.NoError(t, err)
	assert.False(t, results[0].Exact(), "the warm-up lost some")
	results, err = measure(t, 1, inTurn(lasting(time.Second), lasting(time.Second)))
	require.NoError(t, err)
	assert.True(t, results[0].Exact())
}

// late is a round with 100 latencies: 1 to 100 times this one.
func late(unit time.Duration) bench.Round {
	r := lasting(time.Second)
	r.Latency = bench.NewLatency()
	for i := range 100 {
		bench.Record(r.Latency, time.Duration(i+1)*unit)
	}
	return r
}

func TestPercentilesAreMediansOfTheRoundsAndTheLongestIsOfAll(t *testing.T) {
	us := time.Microsecond
	results, err := measure(t, 3, inTurn(late(time.Second), late(3*us), late(us), late(2*us)))
	require.NoError(t, err)
	r := results[0]
	assert.Equal(t, 100.0, *r.P50)
	assert.Equal(t, 180.0, *r.P90)
	assert.Equal(t, 198.0, *r.P99)
	assert.Equal(t, 200.0, *r.P999)
	assert.Equal(t, 300.0, *r.Max)
	assert.Equal(t, []float64{150, 50, 100}, r.P50s)
	assert.Equal(t, []float64{297, 99, 198}, r.P99s)
	require.NotEmpty(t, r.Distribution)
	assert.Equal(t, bench.Percentile{Percent: 100, Micros: 300}, r.Distribution[len(r.Distribution)-1])
	for i, p := range r.Distribution[1:] {
		assert.Greater(t, p.Percent, r.Distribution[i].Percent)
		assert.GreaterOrEqual(t, p.Micros, r.Distribution[i].Micros)
	}
}

func TestLatencyThatIsOutOfBoundsCountsAsTheBound(t *testing.T) {
	h := bench.NewLatency()
	bench.Record(h, -time.Second)
	bench.Record(h, time.Hour)
	assert.EqualValues(t, 1, h.Min())
	assert.InEpsilon(t, (10 * time.Minute).Microseconds(), h.Max(), 0.001)
}

func TestWhatWasNotMeasuredIsNullInJSON(t *testing.T) {
	results, err := measure(t, 1, at("a", 10))
	require.NoError(t, err)
	text, err := json.Marshal(results)
	require.NoError(t, err)
	assert.Contains(t, string(text), `"p50_us":null`)
	assert.NotContains(t, string(text), "baseline")
}

func TestResultSaysWhatItIsComparedWith(t *testing.T) {
	c := &bench.Case{Messages: 10, Baseline: "a", Contenders: []bench.Contender{at("a", 10), at("b", 10)}}
	results, err := bench.Measure(t.Context(), c, bench.Settings{Rounds: 1})
	require.NoError(t, err)
	for _, r := range results {
		assert.Equal(t, "a", r.Baseline)
	}
}

func TestFiguresAreMediansOfTheRounds(t *testing.T) {
	with := func(value float64) bench.Round {
		r := lasting(time.Second)
		r.Figures = []bench.Figure{{Name: "memory", Unit: "MB", Value: value}}
		return r
	}
	results, err := measure(t, 3, inTurn(with(1000), with(3), with(1), with(2)))
	require.NoError(t, err)
	assert.Equal(t, []bench.FigureSpread{{
		Name: "memory", Unit: "MB", Values: []float64{3, 1, 2}, Spread: bench.Spread{Median: 2, Min: 1, Max: 3},
	}}, results[0].Figures)
}

func TestRatioComparesWithinRounds(t *testing.T) {
	ratio, ok := bench.Ratio([]float64{12, 9, 5}, []float64{1, 0.9, 0.5})
	require.True(t, ok)
	assert.Equal(t, bench.Spread{Median: 10, Min: 10, Max: 12}, ratio)
	for _, others := range [][]float64{nil, {1, 2}, {1, 0, 1}} {
		_, ok := bench.Ratio([]float64{1, 2, 3}, others)
		assert.False(t, ok)
	}
}
