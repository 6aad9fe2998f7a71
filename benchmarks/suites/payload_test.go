package suites

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAPayloadCarriesItsNumberAndTheTimeItWasSent(t *testing.T) {
	sent := time.Now()
	for _, i := range []int{0, 1, 9_999_999_999} {
		for _, size := range []int{MinSize, 200, 1 << 20} {
			p := payload(i, sent, size)
			require.Len(t, p, size)
			require.True(t, json.Valid(p))
			got, at, ok := parse(p)
			require.True(t, ok)
			require.Equal(t, i, got)
			require.Zero(t, at.Sub(sent))
		}
	}
}

func TestAPayloadNeedNotSayWhenItWasSent(t *testing.T) {
	i, at, ok := parse(payload(7, time.Time{}, MinSize))
	require.True(t, ok)
	require.Equal(t, 7, i)
	require.True(t, at.IsZero())
}

func TestWhatIsNoPayloadIsTurnedDown(t *testing.T) {
	good := string(payload(7, time.Now(), MinSize))
	for name, bad := range map[string]string{
		"empty":       "",
		"short":       good[1:],
		"bare":        "x" + good[1:],
		"open":        good + "x",
		"no number":   `"x` + good[2:],
		"signed":      `"+` + good[2:],
		"no time":     good[:numberEnd] + "z" + good[numberEnd+1:],
		"signed time": good[:numberEnd] + "-" + good[numberEnd+1:],
	} {
		_, _, ok := parse([]byte(bad))
		require.False(t, ok, name)
	}
}
