// Package apptest runs the programs of the examples from outside, as their users do.
package apptest

import (
	"bytes"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/millstream-go/millstream/internal/child"
)

// asProgram in the environment makes the test binary the program, so that tests can run
// it, race detector included, and kill it.
const asProgram = "MILLSTREAM_TEST_AS_PROGRAM"

// patience is for what is bound to happen, on a machine that is busy.
const patience = 2 * time.Minute

// Main is for TestMain: it runs the tests, which must leave no goroutine behind, or the
// program, if this process was started as one. The options are for goroutines that a
// library starts with the program and never ends.
func Main(m *testing.M, program func(), options ...goleak.Option) {
	if os.Getenv(asProgram) != "" {
		program()
		return
	}
	goleak.VerifyTestMain(m, options...)
}

// Command is one call of the program.
type Command struct {
	Args  []string
	Stdin io.Reader
	// Env is added to the environment, from which REDIS_URL, JAEGER_URL and what begins with
	// OTEL_ is taken out.
	Env []string
}

// Process is the program, running in a process of its own.
type Process struct {
	*child.Process

	// Started is when it was.
	Started        time.Time
	stdout, stderr output
}

// Start starts the program, and kills it at the end of the test.
func Start(tb testing.TB, c Command) *Process {
	tb.Helper()
	cmd, err := child.Self(c.Args...)
	if err != nil {
		tb.Fatal(err)
	}
	cmd.Env = append(cleared(cmd.Env), c.Env...)
	cmd.Env = append(cmd.Env, asProgram+"=1", "GORACE=atexit_sleep_ms=0")
	p := &Process{Started: time.Now()}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.Stdin, &p.stdout, &p.stderr
	if p.Process, err = child.Start(cmd); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(p.Kill)
	return p
}

// cleared returns the environment without what the programs read.
func cleared(env []string) []string {
	return slices.DeleteFunc(env, func(v string) bool {
		return strings.HasPrefix(v, "REDIS_URL=") || strings.HasPrefix(v, "JAEGER_URL=") || strings.HasPrefix(v, "OTEL_")
	})
}

// Stdout returns what it has written so far.
func (p *Process) Stdout() string { return p.stdout.text() }

// Stderr returns what it has said so far.
func (p *Process) Stderr() string { return p.stderr.text() }

// Interrupt is Ctrl-C.
func (p *Process) Interrupt() { _ = p.Signal(os.Interrupt) } // it fails only when it has ended

// Wait waits for the program's end and returns its exit code, -1 if a signal ended it.
func (p *Process) Wait(tb testing.TB) int {
	tb.Helper()
	select {
	case <-p.Ended():
	case <-time.After(patience):
		tb.Fatalf("the program does not end; it said %s", p.Stderr())
	}
	return p.ExitCode()
}

// Await waits until what the program has written, to either output, matches the regular
// expression, and returns its first group, or all that matches if it has none.
func (p *Process) Await(tb testing.TB, expression string) string {
	tb.Helper()
	re := regexp.MustCompile(expression)
	for deadline := time.Now().Add(patience); ; {
		for _, text := range []string{p.Stdout(), p.Stderr()} {
			if found := re.FindStringSubmatch(text); found != nil {
				return found[min(1, len(found)-1)]
			}
		}
		select {
		case <-p.Ended():
			// What it wrote last has come by now: once more, and then never.
			deadline = time.Time{}
			if text := p.Stdout() + "\n" + p.Stderr(); re.MatchString(text) {
				continue
			}
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			tb.Fatalf("nothing matches %s in\n%s\n%s", expression, p.Stdout(), p.Stderr())
		}
	}
}

// output is a buffer that is written while it is read.
type output struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

// Write adds to it.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.Write(p)
}

func (o *output) text() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.String()
}
