package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/internal/app"
	"github.com/millstream-go/millstream/examples/internal/apptest"
	"github.com/millstream-go/millstream/internal/redistest"
)

func xadd(topic, payload string) *redis.XAddArgs {
	return &redis.XAddArgs{Stream: topic, Values: []any{"_watermill_message_uuid", "u-1", "metadata", "\x80", "payload", payload}}
}

func TestTheDemonstrationEndsWithExactBooks(t *testing.T) {
	t.Parallel()
	p := apptest.Start(t, apptest.Command{Args: []string{"-n", "100"}})
	require.Zero(t, p.Wait(t), p.Stderr())
	assert.Regexp(t, `audit: 100 orders, 95 settled, 5 declined\n`, p.Stdout())
	assert.Contains(t, p.Stdout(), "exact to the cent")
	assert.Contains(t, p.Stdout(), `25.999 EUR: Unprocessable Entity`)
	assert.Equal(t, app.Embedded+"\n", p.Stderr())
}

func TestWhateverIsKilledTheBooksAreExact(t *testing.T) {
	t.Parallel()
	p := apptest.Start(t, apptest.Command{Args: []string{"-chaos", "-n", "200"}})
	code := p.Wait(t)
	t.Log(p.Stdout())
	require.Zero(t, code, p.Stderr())
	assert.Regexp(t, `audit: 200 orders, 190 settled, 10 declined\n`, p.Stdout())
	assert.Regexp(t, `processors [1-9]\d* times at random`, p.Stdout())
}

func TestTheNaiveLoopChargesTwice(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	args := []string{"-naive", "-chaos", "-n", "200", "-redis", server.URL(), "-dir", t.TempDir()}
	p := apptest.Start(t, apptest.Command{Args: args})
	assert.Equal(t, app.ExitFailed, p.Wait(t), p.Stderr())
	assert.Regexp(t, `naive: of 200 payments [1-9]\d* were charged more than once`, p.Stdout())
	assert.Contains(t, p.Stderr(), "the books do not agree")
}

func TestTheBooksOfAnEarlierRunAreNotMixedUp(t *testing.T) {
	t.Parallel()
	server, dir := redistest.Start(t), t.TempDir()
	run := func(more ...string) *apptest.Process {
		p := apptest.Start(t, apptest.Command{Args: append(more, "-n", "20"), Env: []string{"REDIS_URL=" + server.URL()}})
		p.Wait(t)
		return p
	}
	first := run("-dir", dir)
	require.Zero(t, first.ExitCode(), first.Stderr())
	ledger, err := os.ReadFile(filepath.Join(dir, "bank.ledger"))
	require.NoError(t, err)
	assert.NotEmpty(t, ledger)

	second := run()
	assert.Equal(t, app.ExitFailed, second.ExitCode())
	assert.Contains(t, second.Stderr(), "this Redis has the books of an earlier run: -reset deletes them")
	third := run("-reset", "-dir", dir)
	assert.Equal(t, app.ExitFailed, third.ExitCode())
	assert.Contains(t, third.Stderr(), "has the ledger of an earlier run")
	fourth := run("-reset")
	assert.Zero(t, fourth.ExitCode(), fourth.Stderr())
}

func TestTheDemonstrationEndsWellWhenItIsInterrupted(t *testing.T) {
	t.Parallel()
	early := apptest.Start(t, apptest.Command{Args: []string{"-n", "10000"}})
	early.Await(t, "asking for")
	early.Interrupt()
	assert.Equal(t, app.ExitInterrupted, early.Wait(t), early.Stderr())

	done := apptest.Start(t, apptest.Command{Args: []string{"-n", "20", "-serve"}})
	api := done.Await(t, `(http://\S+)/ledger`)
	done.Await(t, "still running")
	assert.Contains(t, request(t, httpClient(t), "GET", api+"/ledger", "").body, `"settled":19`)
	done.Interrupt()
	assert.Zero(t, done.Wait(t), done.Stderr())
}

// TestTheDemonstrationLeavesNothingBehind runs it inside the test, for goleak to see.
func TestTheDemonstrationLeavesNothingBehind(t *testing.T) {
	// Makes the test binary the program, as apptest does, for its children.
	t.Setenv("MILLSTREAM_TEST_AS_PROGRAM", "1")
	for _, name := range []string{"REDIS_URL", "OTEL_EXPORTER_OTLP_ENDPOINT"} {
		t.Setenv(name, "")
	}
	server, temporary := redistest.Start(t), t.TempDir()
	t.Setenv("TMPDIR", temporary)
	code, stdout, stderr := runHere("-n", "40", "-redis", server.URL())
	assert.Zero(t, code, stderr)
	assert.Contains(t, stdout, "exact to the cent")
	left, err := os.ReadDir(temporary)
	require.NoError(t, err)
	assert.Empty(t, left)
}
