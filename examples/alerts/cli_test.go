package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/millstream-go/millstream/examples/internal/app"
	"github.com/millstream-go/millstream/examples/internal/apptest"
)

// run runs the program to its end.
func run(t *testing.T, args ...string) *apptest.Process {
	t.Helper()
	p := apptest.Start(t, apptest.Command{Args: args})
	p.Wait(t)
	return p
}

func TestWrongArgumentsAreSaidAndTheExitCodeIs2(t *testing.T) {
	t.Parallel()
	const redis = "-redis=redis://127.0.0.1:1"
	for args, want := range map[string]string{
		"raise":                                  `"raise" is no role: want produce, consume, notify or replay`,
		"-x":                                     "flag provided but not defined: -x",
		"-chaos -graph":                          "-graph and -chaos exclude each other",
		"-chaos -for 5s":                         "-for has no effect with -chaos",
		"-seed 5":                                "-seed is for -chaos",
		"-for 1ms":                               "-for must be a second at least",
		"produce":                                "alerts produce needs a Redis that the other roles reach",
		"consume":                                "alerts consume needs a Redis",
		"replay":                                 "alerts replay needs a Redis",
		"produce file":                           `unexpected argument "file"`,
		"produce -rate -1 " + redis:              "-rate must be above 0",
		"produce -rate 0 " + redis:               "-rate must be above 0",
		"produce -rate nan " + redis:             "-rate must be above 0",
		"produce -count 5 " + redis:              "-count must be positive, and is for -rate",
		"produce -in x -rate 5 " + redis:         "-in and -rate exclude each other",
		"produce -pipeline {x} " + redis:         `-pipeline "{x}" is no name`,
		"consume -window 1ms " + redis:           "-window must be 100ms at least",
		"consume -backoff 1ms " + redis:          "-backoff must be 100ms at least",
		"consume -idle 1ms " + redis:             "-idle must be 500ms at least",
		"consume -keep 1m " + redis:              "-keep must be two windows at least",
		"consume -notifier here " + redis:        "-notifier: the notifier's URL is none: want one like http://localhost:8090",
		"replay -last -1h " + redis:              "-last must be positive",
		"replay -severity critical,bad " + redis: `-severity "bad": want any of critical, warning and info`,
		"replay -severity info,info " + redis:    "-severity has info twice",
		"replay -severity= " + redis:             `-severity "": want any of`,
		"notify -down -1s":                       "-down and -latency must not be negative",
	} {
		p := run(t, strings.Fields(args)...)
		assert.Equal(t, app.ExitUsage, p.ExitCode(), args)
		assert.Contains(t, p.Stderr(), want, args)
		assert.Contains(t, p.Stderr(), "see -h", args)
		assert.Empty(t, p.Stdout(), args)
	}
}

func TestWhatIsNotThereIsSaidAndTheExitCodeIs1(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"-redis redis://127.0.0.1:1":                           "no Redis at 127.0.0.1:1",
		"replay -redis redis://127.0.0.1:1":                    "no Redis at 127.0.0.1:1",
		"produce -in /nowhere/x -redis redis://127.0.0.1:1":    "-in takes a file of alerts",
		"notify -listen nowhere.invalid:1":                     "serve HTTP on",
		"consume -metrics nonsense -redis redis://127.0.0.1:1": "-metrics: serve HTTP on",
		"notify -book /":                                       "open the notifier's book",
	} {
		p := run(t, strings.Fields(args)...)
		assert.Equal(t, app.ExitFailed, p.ExitCode(), args)
		assert.Contains(t, p.Stderr(), want, args)
	}
}

func TestEveryRoleExplainsItself(t *testing.T) {
	t.Parallel()
	for args, flags := range map[string][]string{
		"-h":         {"-redis", "-for", "-chaos", "-seed", "-graph", "produce | consume | notify | replay"},
		"produce -h": {"-redis", "-pipeline", "-in", "-rate", "-count", "-host", "-service", "-acks", `{"severity":"critical"`},
		"consume -h": {"-redis", "-pipeline", "-notifier", "-metrics", "-window", "-backoff", "-keep", "-idle"},
		"notify -h":  {"-listen", "-book", "-down", "-latency", "/mood"},
		"replay -h":  {"-redis", "-pipeline", "-last", "-severity", "-json", "-notify"},
	} {
		p := run(t, strings.Fields(args)...)
		assert.Equal(t, 0, p.ExitCode(), args)
		for _, want := range flags {
			assert.Contains(t, p.Stderr(), want, args)
		}
	}
}

func TestREADMEShowsTheGraph(t *testing.T) {
	p := run(t, "-graph")
	assert.Equal(t, 0, p.ExitCode())
	apptest.Graph(t, p.Stdout())
	assert.Contains(t, p.Stdout(), "triage")
}
