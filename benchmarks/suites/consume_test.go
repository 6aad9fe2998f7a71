package suites

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAllThatWaitsIsHandledAndAcknowledged(t *testing.T) {
	for _, concurrency := range []int{1, 4} {
		results := requireAllExact(t, consumeSuite(), &Config{
			Redis: options, Messages: 2500, Size: MinSize, Concurrency: concurrency,
		})
		require.Len(t, results, 4)
		for _, r := range results {
			require.Equal(t, "pending", r.Figures[0].Name)
			require.Zero(t, r.Figures[0].Max, r.Contender)
		}
	}
}
