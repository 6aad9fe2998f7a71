package suites

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/benchmarks/bench"
)

// requireAllExact runs a suite with few messages, each contender in each case.
func requireAllExact(t *testing.T, suite Suite, c *Config) []bench.Result {
	t.Helper()
	var all []bench.Result
	for _, one := range suite.Cases(c) {
		results, err := bench.Measure(t.Context(), &one, bench.Settings{Rounds: 1})
		require.NoError(t, err)
		for _, r := range results {
			require.True(t, r.Exact(), "%s, %s: %+v", r.Case, r.Contender, r)
			require.Equal(t, r.Messages*r.Receivers, r.Received, "%s, %s", r.Case, r.Contender)
			require.Positive(t, r.Throughput, "%s, %s", r.Case, r.Contender)
			t.Logf("%s %s: %.0f msg/s", r.Case, r.Contender, r.Throughput)
		}
		all = append(all, results...)
	}
	return all
}
