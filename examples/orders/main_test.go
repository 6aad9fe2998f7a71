package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/millstream-go/millstream/examples/internal/apptest"
	"github.com/millstream-go/millstream/examples/orders/internal/report"
)

func TestMain(m *testing.M) { apptest.Main(m, main) }

// call is one run of the program in a process of its own.
type call struct{ *apptest.Process }

// start runs the program with the orders on its standard input, which stays
// empty if stdin is nil.
func start(t *testing.T, stdin io.Reader, args ...string) call {
	t.Helper()
	return startIn(t, nil, stdin, args...)
}

// startIn is start with more in the environment.
func startIn(t *testing.T, env []string, stdin io.Reader, args ...string) call {
	t.Helper()
	return call{apptest.Start(t, apptest.Command{Args: args, Stdin: stdin, Env: env})}
}

// totals returns what the program printed with -json.
func (p call) totals(t *testing.T) report.Totals {
	t.Helper()
	return totals(t, p.Stdout())
}

// totals reads what a program printed with -json.
func totals(t *testing.T, stdout string) report.Totals {
	t.Helper()
	var totals report.Totals
	decoder := json.NewDecoder(strings.NewReader(stdout))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&totals); err != nil {
		t.Fatalf("stdout is no JSON object: %v: %s", err, stdout)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		t.Fatalf("stdout has more than one JSON object: %v", err)
	}
	return totals
}

// mustRun runs the program to a good end and returns it.
func mustRun(t *testing.T, stdin io.Reader, args ...string) call {
	t.Helper()
	p := start(t, stdin, args...)
	if code := p.Wait(t); code != 0 {
		t.Fatalf("exit code %d: %s", code, p.Stderr())
	}
	return p
}

// file returns the name of a file with the content.
func file(t *testing.T, content []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "orders.ndjson")
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
