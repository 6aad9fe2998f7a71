package main

import (
	"bytes"
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// TestMain lets the test binary be the worker, as the command is its own.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == workerFlag {
		os.Exit(run(context.Background(), os.Args[1:], os.Getenv("REDIS_URL"), os.Stdout, os.Stderr))
	}
	goleak.VerifyTestMain(m)
}

func command(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, "", &out, &errs)
	return code, out.String(), errs.String()
}

func TestCommandDrainsABacklogOnARedisOfItsOwn(t *testing.T) {
	code, stdout, stderr := command(t, "-messages", "2000")
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, stdout, "2000 messages")
	require.Contains(t, stdout, "0 entries")
}

func TestCommandRefusesWhatItCannotDo(t *testing.T) {
	for _, args := range [][]string{{"-messages", "many"}, {"-no-such-flag"}} {
		code, _, stderr := command(t, args...)
		require.Equal(t, exitUsage, code, "%v", args)
		require.NotEmpty(t, stderr, "%v", args)
	}
	code, _, stderr := command(t, "-messages", "0")
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, "messages: 0 is too small")
}
