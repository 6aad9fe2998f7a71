package main

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/millstream-go/millstream/examples/internal/app"
	"github.com/millstream-go/millstream/examples/internal/apptest"
	"github.com/millstream-go/millstream/internal/redistest"
)

func TestWrongArgumentsAreExplained(t *testing.T) {
	t.Parallel()
	for said, args := range map[string][]string{
		`unexpected argument "start"`:              {"start"},
		"flag provided but not defined: -port":     {"-port", "80"},
		"-chaos and -graph exclude each other":     {"-chaos", "-graph"},
		"serve takes neither -chaos nor -graph":    {"serve", "-chaos"},
		"an embedded Redis forgets them":           {"serve", "-data", "x"},
		"leave out -data":                          {"-chaos", "-data", "x"},
		"-tasks must be from 15 to 1000, got 3":    {"-tasks", "3"},
		"-tasks must be from 15 to 1000, got 3000": {"-tasks", "3000"},
		"index needs -from streams":                {"index", "-redis", "redis://localhost", "-data", "x"},
		`or -from pubsub, got "kafka"`:             {"index", "-from", "kafka"},
		"-from is of index alone":                  {"-from", "streams"},
		"give -redis or REDIS_URL":                 {"api", "-data", "x"},
		"api needs a directory: give -data":        {"api", "-redis", "redis://localhost"},
		"api takes no -reset":                      {"api", "-redis", "redis://localhost", "-data", "x", "-reset"},
	} {
		p := run(t, args...)
		assert.Equal(t, app.ExitUsage, p.Wait(t), args)
		assert.Contains(t, p.Stderr(), said)
		assert.Contains(t, p.Stderr(), "see -h for how to use it")
		assert.Empty(t, p.Stdout())
	}
}

func TestWhatCannotBeDoneIsExplained(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	for said, args := range map[string][]string{
		"no Redis at 127.0.0.1:1":  {"serve", "-http", "localhost:0", "-redis", "redis://127.0.0.1:1"},
		"give another address":     {"serve", "-http", "nowhere"},
		"the Redis URL must begin": {"serve", "-redis", "http://localhost"},
		"-data: mkdir /dev/null":   {"api", "-redis", "REDIS", "-data", "/dev/null/x"},
		"mkdir /dev/null":          {"serve", "-redis", "REDIS", "-data", "/dev/null/x"},
	} {
		if args[2] == "REDIS" {
			args[2] = redis.URL()
		}
		p := run(t, args...)
		assert.Equal(t, app.ExitFailed, p.Wait(t), args)
		assert.Contains(t, p.Stderr(), said)
	}
}

func TestHelpNamesEveryFlag(t *testing.T) {
	t.Parallel()
	p := run(t, "-h")
	assert.Equal(t, 0, p.Wait(t))
	for _, name := range []string{"-redis", "-data", "-http", "-demo", "-chaos", "-graph", "-reset", "-from", "-tasks", "tasks serve", "tasks api", "tasks index"} {
		assert.Contains(t, p.Stderr(), name)
	}
}

func TestTheREADMEShowsTheGraph(t *testing.T) {
	p := run(t, "-graph")
	assert.Equal(t, 0, p.Wait(t))
	assert.Equal(t, graph(), p.Stdout())
	apptest.Graph(t, graph())
}
