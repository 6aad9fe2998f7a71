package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestNothingOutlivesACommandThatIsKilled(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	command := exec.Command(self, "-workers", "2", "-rate", "10")
	command.Env = append(os.Environ(), commandEnv+"=1", "TMPDIR="+t.TempDir())
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	require.NoError(t, command.Start())
	defer func() { _ = command.Wait() }() // it ends with a signal
	defer func() { _ = command.Process.Kill() }()

	const patience = 30 * time.Second
	var started []string
	// Two workers and a redis-server.
	enough := func() bool { started = children(t, command.Process.Pid); return len(started) >= 3 }
	require.Eventually(t, enough, patience, 10*time.Millisecond, "no processes")
	require.NoError(t, command.Process.Kill())
	gone := func() bool { return !slices.ContainsFunc(started, runs) }
	require.Eventually(t, gone, patience, 10*time.Millisecond, "something goes on")
}

// children returns the ids of the processes that a process has started.
func children(t *testing.T, pid int) (pids []string) {
	t.Helper()
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	require.NoError(t, err)
	for _, name := range lists {
		list, _ := os.ReadFile(name) // a thread may have ended
		pids = append(pids, strings.Fields(string(list))...)
	}
	return pids
}

// runs reports whether a process has not ended.
func runs(pid string) bool {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return false
	}
	// The state comes behind the name, which is in brackets.
	rest := string(stat[bytes.LastIndexByte(stat, ')')+1:])
	return !strings.HasPrefix(rest, " Z")
}
