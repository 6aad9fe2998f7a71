package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/millstream-go/millstream/examples/orders/internal/report"
)

// asProgram in the environment makes the test binary the program, so that the
// tests can run it, race detector included, and kill it.
const asProgram = "ORDERS_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	goleak.VerifyTestMain(m)
}

// program is one run of the program in a process of its own.
type program struct {
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
	started        time.Time
	ended          chan struct{}
}

// start runs the program with the orders on its standard input, which stays
// empty if stdin is nil.
func start(t *testing.T, stdin io.Reader, args ...string) *program {
	t.Helper()
	return startIn(t, nil, stdin, args...)
}

// startIn is start with more in the environment.
func startIn(t *testing.T, env []string, stdin io.Reader, args ...string) *program {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &program{cmd: exec.CommandContext(t.Context(), binary, args...), ended: make(chan struct{})}
	p.cmd.Env = append(cleared(os.Environ()), append(env, asProgram+"=1", "GORACE=atexit_sleep_ms=0")...)
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = stdin, &p.stdout, &p.stderr
	p.started = time.Now()
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // the exit code tells
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.ended
	})
	return p
}

// cleared returns the environment without what the program reads.
func cleared(env []string) []string {
	return slices.DeleteFunc(env, func(v string) bool {
		return strings.HasPrefix(v, "REDIS_URL=") || strings.HasPrefix(v, "JAEGER_URL=") || strings.HasPrefix(v, "OTEL_")
	})
}

// wait waits for the program's end and returns its exit code, -1 if a signal
// ended it.
func (p *program) wait(t *testing.T) int {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(2 * time.Minute):
		t.Fatalf("the program does not end; it said %s", p.stderr.String())
	}
	return p.cmd.ProcessState.ExitCode()
}

// totals returns what the program printed with -json.
func (p *program) totals(t *testing.T) report.Totals {
	t.Helper()
	var totals report.Totals
	decoder := json.NewDecoder(&p.stdout)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&totals); err != nil {
		t.Fatalf("stdout is no JSON object: %v; stderr: %s", err, p.stderr.String())
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		t.Fatalf("stdout has more than one JSON object: %v", err)
	}
	return totals
}

// mustRun runs the program to a good end and returns it.
func mustRun(t *testing.T, stdin io.Reader, args ...string) *program {
	t.Helper()
	p := start(t, stdin, args...)
	if code := p.wait(t); code != 0 {
		t.Fatalf("exit code %d: %s", code, p.stderr.String())
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
