package chaos_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/benchmarks/chaos"
)

func TestWhateverFailsNothingIsLostAndNothingDoubled(t *testing.T) {
	report := suffer(t, chaos.Config{Duration: 8 * time.Second})
	require.Zero(t, report.Trimmed)
	planned := map[chaos.Kind]int{}
	for _, f := range chaos.NewPlan(report.Seed, report.Duration, report.Workers) {
		planned[f.Kind]++
	}
	require.Equal(t, planned, report.Faults)
}

func TestTrimmingLosesNothingEither(t *testing.T) {
	report := suffer(t, chaos.Config{Duration: 4 * time.Second, Trim: true})
	require.Positive(t, report.Trimmed)
}

// suffer expects that a run passes, and that something happened in it, without
// which nothing is proved.
func suffer(t *testing.T, c chaos.Config) chaos.Report {
	t.Helper()
	c.Seed, c.Progress = uint64(time.Now().UnixNano())%1_000_000, t.Logf
	if testing.Short() {
		c.Duration = 3 * time.Second
	}
	if text := os.Getenv("CHAOS_SEED"); text != "" {
		_, err := fmt.Sscan(text, &c.Seed)
		require.NoError(t, err)
	}
	t.Logf("CHAOS_SEED=%d makes the same plan of faults", c.Seed)
	report, err := chaos.Run(t.Context(), c)
	require.NoError(t, err)
	var text strings.Builder
	_, err = report.WriteTo(&text)
	require.NoError(t, err)
	t.Log(text.String())
	require.Empty(t, report.Problems)
	require.NoDirExists(t, report.Dir)
	assert.Positive(t, report.Inputs)
	for _, s := range report.Stages {
		assert.Positive(t, s.Messages, s.Name)
		assert.Positive(t, s.Outputs, s.Name)
		assert.GreaterOrEqual(t, s.Repeated(), 0, "stage %s: a message without a run", s.Name)
	}
	return report
}
