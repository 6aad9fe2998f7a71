package suites

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/benchmarks/bench"
)

func TestAllThatWaitsIsHandledAndAcknowledged(t *testing.T) {
	t.Parallel() // most of it is waiting
	for _, concurrency := range []int{1, 4} {
		rounds := requireAllExact(t, consumeSuite(), &Config{
			Redis: options, Messages: 2500, Size: MinSize, Concurrency: concurrency,
		})
		require.Len(t, rounds, 4)
		for _, r := range rounds {
			require.Equal(t, []bench.Figure{{Name: "pending", Unit: "messages"}}, r.Figures)
		}
	}
}
