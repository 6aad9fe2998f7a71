package suites

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEachSubscriberGetsEveryMessage(t *testing.T) {
	results := requireAllExact(t, fanoutSuite(), &Config{Redis: options, Messages: 2500, Size: MinSize, Quick: true})
	require.Len(t, results, 2*len(Contenders()))
}
