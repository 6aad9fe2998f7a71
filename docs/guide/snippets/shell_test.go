package snippets_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/child"
	"github.com/millstream-go/millstream/internal/redistest"
)

// patience is for what is bound to happen, on a machine that is busy.
const patience = 2 * time.Minute

// await waits until something is so.
func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, patience, 10*time.Millisecond, what)
}

// shell runs commands as they are printed. In a reader's shell redis-cli reaches a server
// at the usual port; here a redis-cli that comes first in PATH does the same, and fails if
// Redis answers with an error.
type shell struct {
	dir string
	env []string
}

func newShell(t *testing.T, on *redistest.Server, options ...string) shell {
	t.Helper()
	cli, err := exec.LookPath("redis-cli")
	require.NoError(t, err, "install redis-cli (Debian/Ubuntu: apt-get install redis-tools; macOS: brew install redis)")
	_, port, err := net.SplitHostPort(on.Addr())
	require.NoError(t, err)
	bin := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\nexec %s -e -p %s %s \"$@\"\n", cli, port, strings.Join(options, " "))
	require.NoError(t, os.WriteFile(filepath.Join(bin, "redis-cli"), []byte(script), 0o700)) //nolint:gosec // it is to be run
	return shell{dir: t.TempDir(), env: append(
		os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "REDIS_URL="+on.URL(),
		"LC_ALL=C",
	)}
}

func (s shell) command(t *testing.T, from string) *exec.Cmd {
	t.Helper()
	script, err := source(from)
	require.NoError(t, err)
	cmd := exec.Command("sh", "-euc", script)
	cmd.Dir, cmd.Env = s.dir, s.env
	return cmd
}

// run runs a source to its end and returns what it wrote.
func (s shell) run(t *testing.T, from string) string {
	t.Helper()
	cmd := s.command(t, from)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	p, err := child.Start(cmd)
	require.NoError(t, err)
	select {
	case <-p.Ended():
	case <-time.After(patience):
		p.Kill()
	}
	require.Zero(t, p.ExitCode(), "%s: %s%s", from, stdout.String(), stderr.String())
	return stdout.String()
}

// golden compares what a page shows with what there is, or, with -update, writes that.
func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(name, []byte(got), 0o600))
	}
	require.Equal(t, read(t, name), got, "%s: run the test with -update", name)
}
