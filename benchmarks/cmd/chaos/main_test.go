package main

import (
	"bytes"
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/millstream-go/millstream/benchmarks/chaos"
)

// commandEnv has the test binary be the command.
const commandEnv = "MILLSTREAM_TEST_CHAOS"

func TestMain(m *testing.M) {
	if os.Getenv(commandEnv) != "" {
		main()
	}
	chaos.Main() // the command's workers are this program again
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2/toxics.(*NoopToxic).Pipe"),
		goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2/stream.(*ChanWriter).Write"),
	)
}

func TestCommandPrintsItsSeedAndAVerdict(t *testing.T) {
	var out, errs bytes.Buffer
	code := run(t.Context(), []string{"-seed", "7", "-duration", "500ms", "-workers", "2", "-rate", "100"}, &out, &errs)
	require.Equal(t, exitOK, code, "%s\n%s", &out, &errs)
	assert.Contains(t, errs.String(), "seed 7:")
	for _, want := range []string{"seed 7", "worker killed", "repeated for a fault", "ledger", "passed"} {
		assert.Contains(t, out.String(), want)
	}
}

func TestCommandWithoutASeedTakesAnyAndSaysWhich(t *testing.T) {
	var errs bytes.Buffer
	one, err := parse(nil, &errs)
	require.NoError(t, err)
	other, err := parse(nil, &errs)
	require.NoError(t, err)
	require.NotEqual(t, one.Seed, other.Seed)
}

func TestCommandRefusesWhatItCannotDo(t *testing.T) {
	for _, args := range [][]string{{"-duration", "-1s"}, {"-workers", "0"}, {"-rate", "0"}, {"-no-such-flag"}, {"superfluous"}} {
		var out, errs bytes.Buffer
		assert.Equal(t, exitUsage, run(t.Context(), args, &out, &errs), "%v", args)
		assert.NotEmpty(t, errs.String(), "%v", args)
	}
	var out, errs bytes.Buffer
	assert.Equal(t, exitOK, run(t.Context(), []string{"-help"}, &out, &errs))
}

func TestCommandEndsWhenItIsInterrupted(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	var out, errs bytes.Buffer
	assert.Equal(t, exitFailed, run(ctx, nil, &out, &errs))
	assert.Contains(t, errs.String(), "no verdict")
	left, err := os.ReadDir(os.TempDir())
	require.NoError(t, err)
	assert.Empty(t, left)
}
