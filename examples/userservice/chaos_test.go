package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/internal/apptest"
	"github.com/millstream-go/millstream/internal/redistest"
)

func TestChaosLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	p := apptest.Start(t, apptest.Command{Args: []string{"-chaos", "-redis", server.URL()}})
	assert.Equal(t, 0, p.Wait(t), "%s\n%s", p.Stdout(), p.Stderr())
	assert.Contains(t, p.Stdout(), "killed (SIGKILL), and started again")
	assert.Contains(t, p.Stdout(), "nothing was lost, and nothing doubled\n")
	assert.Empty(t, server.Client(t).Keys(t.Context(), "*").Val(), "it leaves nothing behind")
}

func TestChaosEndsWhenItIsInterrupted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := apptest.Start(t, apptest.Command{Args: []string{"-chaos"}, Env: []string{"TMPDIR=" + dir}})
	p.Await(t, "begin to register")
	p.Interrupt()
	assert.Equal(t, 130, p.Wait(t), "%s\n%s", p.Stdout(), p.Stderr())
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, left)
}
