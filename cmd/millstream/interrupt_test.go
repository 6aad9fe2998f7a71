package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/benchmarks/suites"
	"github.com/millstream-go/millstream/cmd/millstream/internal/exit"
	"github.com/millstream-go/millstream/internal/redistest"
)

func TestInterruptedRunReportsWhatIsFinished(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	interrupted := func(ctx context.Context, messages int) (bench.Round, error) {
		cancel()
		return waiting(ctx, messages)
	}
	got := millstream(ctx, "bench --json", madeUp("publish", well), madeUp("chain", interrupted), madeUp("payload", untouched(t)))
	assert.Equal(t, exit.Interrupted, got.code)
	assert.Contains(t, got.stderr, "interrupted")
	results := got.results(t)
	require.Len(t, results, 2)
	assert.Equal(t, "publish", results[0].Suite)
}

func TestRunInterruptedBeforeAnythingIsFinishedIsStillAnArray(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	interrupted := func(ctx context.Context, messages int) (bench.Round, error) {
		cancel()
		return waiting(ctx, messages)
	}
	got := millstream(ctx, "bench --json", madeUp("chain", interrupted))
	assert.Equal(t, exit.Interrupted, got.code)
	assert.Empty(t, got.results(t))
}

func TestInterruptedBeforeItBegins(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got := millstream(ctx, "bench", madeUp("chain", untouched(t)))
	assert.Equal(t, exit.Interrupted, got.code)
}

// actAs makes the test binary the command, with a suite that waits for its context, or
// does not even do that.
const actAs = "MILLSTREAM_TEST_ACT_AS"

const stubborn = "stubborn"

func actAsCommand() {
	what := os.Getenv(actAs)
	if what == "" {
		return
	}
	do := func(ctx context.Context, messages int) (bench.Round, error) {
		if err := os.WriteFile(os.Getenv(actAs+"_BEGUN"), nil, 0o600); err != nil {
			return bench.Round{}, err
		}
		if what == stubborn {
			time.Sleep(time.Hour)
		}
		return waiting(ctx, messages)
	}
	os.Exit(start([]suites.Suite{madeUp("publish", well), madeUp("chain", do)}))
}

// process is the command as a process of its own.
type process struct {
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
}

// begin returns when the second suite has begun.
func begin(t *testing.T, what string, args ...string) *process {
	t.Helper()
	begun := filepath.Join(t.TempDir(), "begun")
	self, err := os.Executable()
	require.NoError(t, err)
	p := &process{cmd: exec.Command(self, append([]string{"bench", "--json"}, args...)...)}
	p.cmd.Env = append(os.Environ(), actAs+"="+what, actAs+"_BEGUN="+begun)
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	require.NoError(t, p.cmd.Start())
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	require.Eventually(t, func() bool { _, err := os.Stat(begun); return err == nil }, time.Minute, 5*time.Millisecond)
	return p
}

func (p *process) interrupt(t *testing.T) {
	require.NoError(t, p.cmd.Process.Signal(os.Interrupt))
}

func TestCtrlCEndsTheCommandTidily(t *testing.T) {
	p := begin(t, "patient")
	asked := time.Now()
	p.interrupt(t)
	_ = p.cmd.Wait() // the code tells
	assert.Equal(t, exit.Interrupted, p.cmd.ProcessState.ExitCode(), p.stderr.String())
	assert.Less(t, time.Since(asked), 30*time.Second, "it takes far less; machines of tests are slow")
	got := ran{stdout: p.stdout.String()}
	assert.Len(t, got.results(t), 2)
	assert.Equal(t, 1, strings.Count(p.stderr.String(), "interrupted"))
}

func TestASecondCtrlCKills(t *testing.T) {
	// Of its own it would leave one behind on systems other than Linux.
	p := begin(t, stubborn, "--redis", redistest.Start(t).URL())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = p.cmd.Wait() // the status tells
	}()
	for {
		p.interrupt(t)
		select {
		case <-ended:
			status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
			require.True(t, ok)
			assert.True(t, status.Signaled())
			return
		case <-time.After(50 * time.Millisecond): // let the first one be handled
		}
	}
}
