package suites

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/benchmarks/bench"
)

// requireAllExact has each contender of each case of a suite do one round, of which
// nothing may be lost or come twice.
func requireAllExact(t *testing.T, suite Suite, c *Config) (rounds []bench.Round) {
	t.Helper()
	for _, one := range suite.Cases(c) {
		if one.Open != nil {
			closing, err := one.Open(t.Context())
			require.NoError(t, err)
			defer func() { require.NoError(t, closing()) }()
		}
		for _, contender := range one.Contenders {
			name := one.Suite + ", " + one.Name + ", " + contender.Name
			r, err := contender.Measure(t.Context(), one.Messages)
			require.NoError(t, err, name)
			require.True(t, r.Account.Exact(), "%s: %v", name, r.Account)
			require.Equal(t, one.Messages, r.Account.Sent, name)
			require.Equal(t, one.Messages*max(1, one.Receivers), r.Account.Received, name)
			require.Positive(t, r.Elapsed, name)
			rounds = append(rounds, r)
		}
	}
	return rounds
}
