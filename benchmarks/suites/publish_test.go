package suites

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAllThatIsPublishedIsFound(t *testing.T) {
	t.Parallel() // most of it is waiting
	const messages = 1200
	rounds := requireAllExact(t, publishSuite(), &Config{Redis: options, Messages: messages, Size: MinSize})
	require.Len(t, rounds, 5*len(Contenders()))
	require.EqualValues(t, messages, rounds[0].Latency.TotalCount(), "the latency of each call")
}

func TestBatchesThatNoListenerCouldTakeAreLeftOut(t *testing.T) {
	cases := publishCases(&Config{Redis: options, Size: 1 << 20})
	require.Len(t, cases, 2)
	require.Equal(t, "callers=64 batch=1", cases[1].Name)
	require.Equal(t, 256, cases[1].Messages, "256 MiB together")
}
