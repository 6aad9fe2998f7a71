package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/benchmarks/report"
	"github.com/millstream-go/millstream/cmd/millstream/internal/exit"
)

func TestOutHoldsTheWholeReport(t *testing.T) {
	out := filepath.Join(t.TempDir(), "made", "for it")
	got := command(t.Context(), []string{"bench", "--json", "--quick", "--rounds", "2", "--out", out}, madeUp("chain", well))
	require.Equal(t, exit.OK, got.code, got.stderr)
	assert.Contains(t, got.stderr, filepath.Join(out, "report.md"))
	r, err := report.Read(filepath.Join(out, "results.json"))
	require.NoError(t, err)
	assert.Equal(t, got.results(t), r.Results)
	assert.Equal(t, report.Settings{Rounds: 2, Quick: true}, r.Settings)
	assert.Equal(t, "What does chain cost?", r.Questions["chain"])
	assert.Contains(t, r.Environment.Redis.Description, "Redis")
	assert.False(t, r.Environment.Redis.Embedded)
	require.NotNil(t, r.Environment.Noise)
	page, err := os.ReadFile(filepath.Join(out, "report.md"))
	require.NoError(t, err)
	assert.Contains(t, string(page), "What does chain cost?")
	plots, err := filepath.Glob(filepath.Join(out, "*.svg"))
	require.NoError(t, err)
	assert.NotEmpty(t, plots)
}

func TestOutOfAnInterruptedRunSaysThatItIsPartial(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	interrupted := func(ctx context.Context, messages int) (bench.Round, error) {
		cancel()
		return waiting(ctx, messages)
	}
	out := t.TempDir()
	got := millstream(ctx, "bench --out "+out, madeUp("publish", well), madeUp("chain", interrupted))
	assert.Equal(t, exit.Interrupted, got.code)
	r, err := report.Read(filepath.Join(out, "results.json"))
	require.NoError(t, err)
	assert.Len(t, r.Results, 2)
	assert.Contains(t, got.stdout, "1 of 2 cases")
	assert.Contains(t, r.Notices[0], "1 of 2 cases")
}

func TestARunWithoutResultsLeavesEarlierOnesAlone(t *testing.T) {
	file := measured(t)
	before, err := os.ReadFile(file)
	require.NoError(t, err)
	got := millstream(t.Context(), "bench --out "+filepath.Dir(file), madeUp("chain", failing))
	assert.Equal(t, exit.Failed, got.code)
	after, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, before, after)
}

func TestReportOfAnEmbeddedRedisIsMarked(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("MILLSTREAM_REDIS_SERVER", "")
	out := t.TempDir()
	got := millstream(t.Context(), "bench --out "+out, madeUp("chain", well))
	require.Equal(t, exit.OK, got.code, got.stderr)
	r, err := report.Read(filepath.Join(out, "results.json"))
	require.NoError(t, err)
	assert.True(t, r.Environment.Redis.Embedded)
	text, err := json.Marshal(r.Notices)
	require.NoError(t, err)
	assert.Contains(t, string(text), "say NOTHING about Redis")
}
