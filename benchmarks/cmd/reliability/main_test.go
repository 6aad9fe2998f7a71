package main

import (
	"bytes"
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/millstream-go/millstream/benchmarks/reliability"
)

func TestMain(m *testing.M) {
	if code, worker := reliability.Worker(); worker {
		os.Exit(code)
	}
	// Stock's reader sleeps for half a second after its client was closed, and
	// nobody joins it.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction(
		"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream.(*Subscriber).read"))
}

// command runs the command.
func command(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

func TestCommandSaysWhatItSees(t *testing.T) {
	code, stdout, stderr := command(t, "-faults", "shared,killed")
	require.Equal(t, exitOK, code, stderr)
	for _, want := range []string{"with Redis", "| stock | 1 of 1 |", "| millstream | 1 of 1 |", "the client goes on working"} {
		assert.Contains(t, stdout, want)
	}
}

func TestCommandRefusesWhatItCannotDo(t *testing.T) {
	for _, args := range [][]string{
		{"-faults", "none"},
		{"-watch", "10ms"},
		{"-parallel", "0"},
		{"-write", "-faults", "shared"},
		{"-no-such-flag"},
		{"superfluous"},
	} {
		code, _, stderr := command(t, args...)
		assert.Equal(t, exitUsage, code, "%v", args)
		assert.NotEmpty(t, stderr, "%v", args)
	}
	code, _, _ := command(t, "-help")
	assert.Equal(t, exitOK, code)
}

func TestCommandLooksForThePlaceBeforeItBegins(t *testing.T) {
	t.Chdir(t.TempDir())
	code, _, stderr := command(t, "-write")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "README.md")
	require.NoError(t, os.WriteFile("README.md", []byte("no place for a table"), 0o600))
	code, _, stderr = command(t, "-write")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "reliability:begin")
	assert.NotContains(t, stderr, " stock ", "a fault was made")
}

func TestCommandWithoutRedisServerSaysHowToGetIt(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("MILLSTREAM_REDIS_SERVER", "")
	code, _, stderr := command(t, "-faults", "shared")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "install it")
}

func TestCommandEndsWhenItIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs bytes.Buffer
	assert.Equal(t, exitFailed, run(ctx, nil, &out, &errs))
	assert.Empty(t, out.String())
}
