package snippets_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/child"
	"github.com/millstream-go/millstream/internal/redistest"
)

// The module is not fetched but taken from here; all else is as a reader does it.
func TestTheFirstPipelineIsMadeFromAnEmptyModule(t *testing.T) {
	t.Parallel()
	on := redistest.Start(t)
	s := newShell(t, on)
	s.run(t, "first.init.sh")
	s.dir = filepath.Join(s.dir, "shop")
	here, err := filepath.Abs(root)
	require.NoError(t, err)
	const module = "github.com/millstream-go/millstream"
	replace := exec.Command("go", "mod", "edit", "-require", module+"@v0.0.0", "-replace", module+"="+here)
	replace.Dir = s.dir
	out, err := replace.CombinedOutput()
	require.NoError(t, err, "%s", out)
	for from, to := range map[string]string{"first/main.go": "main.go", root + "/go.sum": "go.sum"} {
		require.NoError(t, os.WriteFile(filepath.Join(s.dir, to), []byte(read(t, from)), 0o600))
	}

	cmd := s.command(t, "first.run.sh")
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	cmd.Stderr = os.Stderr
	shop, err := child.Start(cmd)
	require.NoError(t, err)
	defer shop.Kill()
	var lines []string
	for in := bufio.NewScanner(stdout); len(lines) < 2 && in.Scan(); {
		lines = append(lines, in.Text()+"\n")
	}
	golden(t, "first.txt", lines[0]+lines[1])
	await(t, "the last is committed", func() bool { return on.Client(t).XLen(t.Context(), "{shop}:poison").Val() == 1 })
	golden(t, "first.look.txt", s.run(t, "first.look.sh"))
	require.NoError(t, syscall.Kill(-shop.PID(), syscall.SIGINT)) // as Ctrl-C does
	<-shop.Ended()
	consumers, err := on.Client(t).XInfoConsumers(t.Context(), "{shop}:placed", "charge").Result()
	require.NoError(t, err)
	require.Empty(t, consumers, "it took no leave")
}
