package report_test

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/perf/benchfmt"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/benchmarks/report"
)

func TestBenchstatReadsEachRound(t *testing.T) {
	r := reportOf(timed(made("pubsub-vs-streams", "callers=64 batch=1", "stock", 69_168, 70_000), 812, 2850))
	r.Results[0].Figures = []bench.FigureSpread{measured("pause", "ms", 3, 4), measured("odd one", "", 5)}
	reader := benchfmt.NewReader(strings.NewReader(text(t, func(w io.Writer) error { return report.WriteBenchstat(w, r) })), "it")
	var rounds []*benchfmt.Result
	for reader.Scan() {
		switch record := reader.Result().(type) {
		case *benchfmt.Result:
			rounds = append(rounds, record.Clone())
		case *benchfmt.SyntaxError:
			t.Error(record)
		}
	}
	require.Len(t, rounds, 2)
	assert.Equal(t, "PubsubVsStreams/callers=64/batch=1/contender=stock", string(rounds[0].Name))
	for unit, want := range map[string]float64{"msg/s": 69_168, "p50-us": 812, "p99-us": 2850, "pause-ms": 3} {
		value, ok := rounds[0].Value(unit)
		assert.True(t, ok, unit)
		assert.InDelta(t, want, value, 0.01, unit)
	}
	_, ok := rounds[0].Value("odd-one")
	assert.False(t, ok, "it is not known of which round it is")
	assert.Equal(t, "Imaginary 9000", rounds[0].GetConfig("cpu"))
	assert.Equal(t, "linux", rounds[0].GetConfig("goos"))
	assert.Positive(t, reader.Units().GetBetter("msg/s"))
}

func TestResultsWithoutRoundsAreLeftOutForBenchstat(t *testing.T) {
	for _, r := range []*report.Report{{}, reportOf(made("chain", "stages=3", "stock"))} {
		assert.NotContains(t, text(t, func(w io.Writer) error { return report.WriteBenchstat(w, r) }), "Benchmark")
	}
}
