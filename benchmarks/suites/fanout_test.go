package suites

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEachSubscriberGetsEveryMessage(t *testing.T) {
	t.Parallel() // most of it is waiting
	rounds := requireAllExact(t, fanoutSuite(), &Config{Redis: options, Messages: 500, Size: MinSize, Quick: true})
	require.Len(t, rounds, 2*len(Contenders()))
}
