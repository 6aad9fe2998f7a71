// Package fleet runs the parts of a system as processes of their own, so that each can die
// alone.
package fleet

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"sync"
	"syscall"
	"time"

	"github.com/millstream-go/millstream/internal/child"
)

// How long a process may take until it serves, and to end when it is asked to; and how long
// it takes until one that ended by itself is started again.
const (
	readyTimeout = 30 * time.Second
	stopTimeout  = 20 * time.Second
	startPause   = time.Second
)

// Worker is one process, or the next one in its place. Its methods may be called
// concurrently.
type Worker struct {
	name      string
	args, env []string
	stderr    io.Writer

	starting sync.Mutex // held by who starts a process

	mu      sync.Mutex
	process *child.Process // nil if it is not to run
	address string
	turned  chan struct{} // closed when process changes
}

// New returns a worker that is this program with the arguments, and with env added to its
// environment. The program must write where it serves HTTP, http://HOST:PORT, to its
// standard output. Nothing runs yet.
func New(name string, args, env []string, stderr io.Writer) *Worker {
	return &Worker{name: name, args: args, env: env, stderr: stderr, turned: make(chan struct{})}
}

// Name returns the name.
func (w *Worker) Name() string { return w.name }

// Address returns where the process serves, http://HOST:PORT, or nothing if it is not
// there.
func (w *Worker) Address() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.process == nil || hasEnded(w.process) {
		return ""
	}
	return w.address
}

func hasEnded(p *child.Process) bool {
	select {
	case <-p.Ended():
		return true
	default:
		return false
	}
}

// PID returns the id of the process, 0 if none is there.
func (w *Worker) PID() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.process == nil {
		return 0
	}
	return w.process.PID()
}

// Start starts the process, and returns when it serves. One that Keep has started meanwhile
// is killed.
func (w *Worker) Start(ctx context.Context) error {
	w.starting.Lock()
	defer w.starting.Unlock()
	w.Kill()
	return w.start(ctx)
}

func (w *Worker) start(ctx context.Context) error {
	cmd, err := child.Self(w.args...)
	if err != nil {
		return err
	}
	ready := &announcement{found: make(chan string, 1)}
	cmd.Env = append(cmd.Env, w.env...)
	cmd.Stdout, cmd.Stderr = ready, w.stderr
	process, err := child.Start(cmd)
	if err != nil {
		return err
	}
	timer := time.NewTimer(readyTimeout)
	defer timer.Stop()
	select {
	case address := <-ready.found:
		w.turn(process, address)
		return nil
	case <-process.Ended():
		return fmt.Errorf("%s ended before it served anything, with exit code %d", w.name, process.ExitCode())
	case <-timer.C:
		err = fmt.Errorf("%s serves nothing after %v", w.name, readyTimeout)
	case <-ctx.Done():
		err = ctx.Err()
	}
	process.Kill()
	return err
}

// turn makes a process the worker's, and returns the one before.
func (w *Worker) turn(process *child.Process, address string) *child.Process {
	w.mu.Lock()
	defer w.mu.Unlock()
	old := w.process
	w.process, w.address = process, address
	close(w.turned)
	w.turned = make(chan struct{})
	return old
}

// Kill is kill -9. It returns when the process has ended, and nothing comes in its place
// until Start.
func (w *Worker) Kill() {
	if process := w.turn(nil, ""); process != nil {
		process.Kill()
	}
}

// Stop asks the process to end, as Ctrl-C does, and kills it if it does not.
func (w *Worker) Stop() error {
	process := w.turn(nil, "")
	if process == nil {
		return nil
	}
	_ = process.Signal(syscall.SIGTERM) // it fails only when it has ended
	timer := time.NewTimer(stopTimeout)
	defer timer.Stop()
	select {
	case <-process.Ended():
	case <-timer.C:
		process.Kill()
		return fmt.Errorf("%s did not end in %v and was killed", w.name, stopTimeout)
	}
	if code := process.ExitCode(); code != 0 {
		return fmt.Errorf("%s ended with exit code %d", w.name, code)
	}
	return nil
}

// Keep starts the process again, until ctx ends, when it ends without having been told to.
// say is told of it.
func (w *Worker) Keep(ctx context.Context, say func(format string, values ...any)) {
	for {
		w.mu.Lock()
		process, turned := w.process, w.turned
		w.mu.Unlock()
		var ended <-chan struct{}
		if process != nil {
			ended = process.Ended()
		}
		select {
		case <-ctx.Done():
			return
		case <-turned:
			continue
		case <-ended:
		}
		w.again(ctx, process, say)
	}
}

// again starts the process again that has ended, if it is still the worker's: whoever
// killed it has taken it away before.
func (w *Worker) again(ctx context.Context, ended *child.Process, say func(string, ...any)) {
	if !w.is(ended) {
		return
	}
	say("%s ended (%v), and is started again", w.name, ended.State())
	timer := time.NewTimer(startPause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return
	case <-timer.C:
	}
	w.starting.Lock()
	defer w.starting.Unlock()
	if !w.is(ended) {
		return
	}
	if err := w.start(ctx); err != nil && ctx.Err() == nil {
		say("%v", err)
	}
}

func (w *Worker) is(process *child.Process) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.process == process
}

// announcement finds in what a process writes where it serves.
type announcement struct {
	found chan string

	mu   sync.Mutex
	text []byte
	done bool
}

var address = regexp.MustCompile(`(http://\S+)\s`)

// Write takes what the process writes.
func (a *announcement) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.done {
		return len(p), nil
	}
	a.text = append(a.text, p...)
	if match := address.FindSubmatch(a.text); match != nil {
		a.done, a.text = true, nil
		a.found <- string(match[1])
	}
	return len(p), nil
}
