package main

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/internal/app"
	"github.com/millstream-go/millstream/examples/internal/apptest"
)

func TestWrongArgumentsAreAnsweredWithWhatToDo(t *testing.T) {
	t.Parallel()
	for args, said := range map[string]string{
		"-role judge":                `-role must be all, api or workers, got "judge"`,
		"-role api":                  "-role api needs -db and -redis",
		"-role workers -db users.db": "-role workers needs -db and -redis",
		"-name Users!":               `-name must be 1 to 60 of a-z, 0-9 and -, got "Users!"`,
		"-smtp localhost":            `-smtp must be host:port, as in localhost:25, got "localhost"`,
		"-backoff 0s":                "-backoff must be from 1ms to 1h, got 0s",
		"-samples 7":                 "-samples must be from 0 to 6, got 7",
		"-chaos -db users.db":        "-chaos has no use for -db",
		"-chaos -graph":              "-graph and -chaos exclude each other",
		"serve":                      `unexpected argument "serve"`,
		"-role workers -db a -redis b -samples 1": "-samples needs a process that serves the API",
	} {
		p := apptest.Start(t, apptest.Command{Args: strings.Fields(args)})
		assert.Equal(t, 2, p.Wait(t), args)
		assert.Contains(t, p.Stderr(), "userservice: "+said)
		assert.Contains(t, p.Stderr(), "see -h")
		assert.Empty(t, p.Stdout())
	}
}

func TestWhatTheProgramNeedsAndDoesNotGetIsSaid(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "localhost:0")
	require.NoError(t, err)
	defer taken.Close()
	file := filepath.Join(t.TempDir(), "text")
	require.NoError(t, os.WriteFile(file, []byte(strings.Repeat("this is no database\n", 100)), 0o600))
	for said, args := range map[string][]string{
		"give another address":       {"-listen", taken.Addr().String()},
		"no Redis at localhost:1":    {"-redis", "redis://localhost:1", "-listen", "localhost:0"},
		"a directory that this user": {"-db", "/no/such/directory/users.db", "-listen", "localhost:0"},
		"file is not a database":     {"-db", file, "-listen", "localhost:0"},
	} {
		p := apptest.Start(t, apptest.Command{Args: args})
		assert.Equal(t, 1, p.Wait(t), said)
		assert.Contains(t, p.Stderr(), said)
	}
}

func TestHelpNamesAllFlags(t *testing.T) {
	t.Parallel()
	p := apptest.Start(t, apptest.Command{Args: []string{"-h"}})
	assert.Equal(t, 0, p.Wait(t))
	for _, name := range []string{"listen", "db", "redis", "role", "name", "smtp", "backoff", "samples", "graph", "chaos"} {
		assert.Contains(t, p.Stderr(), "\n  -"+name)
	}
	assert.NotContains(t, p.Stderr(), "(default -1)", "what stands for a default is none")
}

func TestTheGraphsAreInTheReadme(t *testing.T) {
	t.Parallel()
	services, feed := graphs("users")
	apptest.Graph(t, services)
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	assert.Contains(t, string(readme), feed)
	p := apptest.Start(t, apptest.Command{Args: []string{"-graph"}})
	assert.Equal(t, 0, p.Wait(t))
	assert.Contains(t, p.Stdout(), services)
	assert.Contains(t, p.Stdout(), feed)
}

func TestWhatIsToldToEndBeforeItBeganEndsWellAndLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Setenv("REDIS_URL", "")
	ended, end := context.WithCancel(t.Context())
	end()
	// The one fails for it at the name, the other at the database.
	for _, address := range []string{"localhost:0", "127.0.0.1:0"} {
		require.NoError(t, program(ended, []string{"-listen", address}, app.IO{Stdout: io.Discard, Stderr: io.Discard}))
	}
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestATemporaryDatabaseIsGoneAtTheEnd(t *testing.T) {
	t.Parallel()
	// The sample users are there without anybody doing anything.
	p := apptest.Start(t, apptest.Command{Args: []string{"-listen", "localhost:0"}})
	s := service{p, p.Await(t, `(http://[\d.:]+)/`)}
	file := p.Await(t, `users are kept in (\S+), which is removed at the end`)
	assert.FileExists(t, file)
	apptest.Await(t, "a sample user is counted", func() bool { return s.counted(t) > 0 })
	s.end(t)
	assert.NoDirExists(t, filepath.Dir(file))
}
