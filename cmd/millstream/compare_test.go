package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/perf/benchfmt"

	"github.com/millstream-go/millstream/cmd/millstream/internal/exit"
)

// measured returns the results.json of a run.
func measured(t *testing.T) string {
	t.Helper()
	out := t.TempDir()
	got := millstream(t.Context(), "bench --rounds 4 --out "+out, madeUp("chain", well))
	require.Equal(t, exit.OK, got.code, got.stderr)
	return filepath.Join(out, "results.json")
}

func TestCompareShowsTwoRunsSideBySide(t *testing.T) {
	before, after := measured(t), measured(t)
	got := millstream(t.Context(), "bench compare "+before+" "+after)
	require.Equal(t, exit.OK, got.code, got.stderr)
	for _, want := range []string{"chain", "size=1", "millstream", "stock", "msg/s"} {
		assert.Contains(t, got.stdout, want)
	}
}

func TestCompareReadsWhatJSONWrote(t *testing.T) {
	got := millstream(t.Context(), "bench --json", madeUp("chain", well))
	file := filepath.Join(t.TempDir(), "array.json")
	require.NoError(t, os.WriteFile(file, []byte(got.stdout), 0o600))
	got = millstream(t.Context(), "bench compare "+file+" "+measured(t))
	require.Equal(t, exit.OK, got.code, got.stderr)
	assert.Contains(t, got.stdout, "millstream")
}

func TestCompareForBenchstatTellsTheRunsApart(t *testing.T) {
	got := millstream(t.Context(), "bench compare --format benchstat "+measured(t)+" "+measured(t))
	require.Equal(t, exit.OK, got.code, got.stderr)
	lines := map[string]int{}
	reader := benchfmt.NewReader(strings.NewReader(got.stdout), "stdout")
	for reader.Scan() {
		switch record := reader.Result().(type) {
		case *benchfmt.Result:
			lines[record.GetConfig("run")+" "+record.Name.String()]++
		case *benchfmt.SyntaxError:
			t.Error(record)
		}
	}
	require.NoError(t, reader.Err())
	assert.Equal(t, map[string]int{
		"before Chain/size=1/contender=millstream": 4, "before Chain/size=1/contender=stock": 4,
		"after Chain/size=1/contender=millstream": 4, "after Chain/size=1/contender=stock": 4,
	}, lines)
}

func TestCompareSaysWhichFileIsNoReport(t *testing.T) {
	good := measured(t)
	bad := filepath.Join(t.TempDir(), "bad.json")
	require.NoError(t, os.WriteFile(bad, []byte("{"), 0o600))
	for _, files := range []string{good + " " + bad, bad + " " + good, good + " missing.json"} {
		got := millstream(t.Context(), "bench compare "+files)
		assert.Equal(t, exit.Failed, got.code)
		assert.Regexp(t, `(bad|missing)\.json`, got.stderr)
		assert.Empty(t, got.stdout)
	}
}
