package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// command runs the command.
func command(t *testing.T, redisURL string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, redisURL, &out, &errs)
	return code, out.String(), errs.String()
}

func TestCommandMeasuresOnARedisOfItsOwn(t *testing.T) {
	profiles := t.TempDir()
	cpu, mem := filepath.Join(profiles, "cpu"), filepath.Join(profiles, "mem")
	code, stdout, stderr := command(t, "", "-messages", "100", "-cpuprofile", cpu, "-memprofile", mem)
	require.Equal(t, exitOK, code, stderr)
	for _, want := range []string{"cores", "started for this", "stock", "ceiling", "millstream / stock", "millstream / ceiling"} {
		assert.Contains(t, stdout, want)
	}
	assert.FileExists(t, cpu)
	assert.FileExists(t, mem)
}

func TestCommandWithoutRedisServerSaysSoLoudly(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("MILLSTREAM_REDIS_SERVER", "")
	code, stdout, stderr := command(t, "", "-messages", "20", "-contenders", "millstream,ceiling")
	require.Equal(t, exitOK, code, stderr)
	assert.Contains(t, stdout, "embedded")
	assert.Contains(t, stdout, "say NOTHING about Redis")
	assert.Contains(t, stderr, "install it")
}

func TestCommandRefusesWhatItCannotDo(t *testing.T) {
	for _, args := range [][]string{
		{"-rounds", "2"},
		{"-size", "3"},
		{"-contenders", "nobody"},
		{"-no-such-flag"},
		{"superfluous"},
	} {
		code, _, stderr := command(t, "", args...)
		assert.Equal(t, exitUsage, code, "%v", args)
		assert.NotEmpty(t, stderr, "%v", args)
	}
	code, _, _ := command(t, "", "-help")
	assert.Equal(t, exitOK, code)
}

func TestCommandSaysWhichRedisItCannotUse(t *testing.T) {
	code, _, stderr := command(t, "redis://127.0.0.1:1/0")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "127.0.0.1:1")
	code, _, stderr = command(t, "redis://user:secret@host:port/0")
	assert.Equal(t, exitFailed, code)
	assert.NotContains(t, stderr, "secret")
	code, _, _ = command(t, "", "-redis", "redis://127.0.0.1:1/0")
	assert.Equal(t, exitFailed, code)
}

func TestCommandEndsWhenItIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs bytes.Buffer
	assert.Equal(t, exitFailed, run(ctx, nil, "", &out, &errs))
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, entry := range entries {
		assert.Contains(t, entry.Name(), ".go", "a file stayed behind")
	}
}
