package chaos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/millstream-go/millstream/internal/child"
)

// slot is the place of a worker: when its process ends another one begins.
type slot struct {
	spec spec

	mu     sync.Mutex
	proc   *child.Process
	pause  time.Duration // until the next process, after one was ended
	killed bool          // with kill -9
	asked  bool          // to end
	ending bool          // for good

	// away counts processes that ended because they could not begin.
	away     int
	troubles []error
	done     chan struct{}
}

// startSlot starts a worker and keeps one running until [slot.end].
func startSlot(ctx context.Context, s spec) (*slot, error) {
	proc, err := spawn(s)
	if err != nil {
		return nil, err
	}
	w := &slot{spec: s, proc: proc, done: make(chan struct{})}
	go func() {
		defer close(w.done)
		w.keep(ctx)
	}()
	return w, nil
}

// keep replaces processes that end.
func (w *slot) keep(ctx context.Context) {
	for {
		w.mu.Lock()
		proc := w.proc
		w.mu.Unlock()
		<-proc.Ended()
		pause, again := w.judge(proc)
		if !again {
			return
		}
		sleep(ctx, pause)
		if !w.replace() {
			return
		}
	}
}

// judge looks at the end of a process and tells whether, and after how long,
// there is to be another.
func (w *slot) judge(proc *child.Process) (pause time.Duration, again bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	killed, asked := w.killed, w.asked || w.ending
	w.killed, w.asked = false, false
	state := proc.State()
	switch {
	case killed, asked && willing(state):
		return w.pause, !w.ending
	case state.ExitCode() == exitAway:
		w.away++
		return 50 * time.Millisecond, !w.ending
	default:
		w.troubles = append(w.troubles, fmt.Errorf("worker %d ended with %s: see %s", w.spec.Index, state, w.spec.log()))
		return 0, !w.ending
	}
}

// willing reports whether a process ended as it was asked to, which one that has
// only just begun does with the signal itself.
func willing(state *os.ProcessState) bool {
	status, ok := state.Sys().(syscall.WaitStatus)
	return state.ExitCode() == exitOK || ok && status.Signaled() && status.Signal() == syscall.SIGINT
}

// replace starts the next process, unless it is over.
func (w *slot) replace() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ending {
		return false
	}
	proc, err := spawn(w.spec)
	if err != nil {
		w.troubles = append(w.troubles, err)
		return false
	}
	w.proc = proc
	return true
}

// kill ends the process as a crash would, and has the next one wait.
func (w *slot) kill(pause time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.runs() {
		w.killed, w.pause = true, pause
		tell(w.proc, os.Kill)
	}
}

// interrupt asks the process to end, and has the next one wait.
func (w *slot) interrupt(pause time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.runs() && !w.asked {
		w.asked, w.pause = true, pause
		tell(w.proc, os.Interrupt)
	}
}

// tell sends a signal; that the process has ended is no error.
func tell(p *child.Process, sig os.Signal) { _ = p.Signal(sig) }

// runs reports whether the process has not ended; if it has, the next one is on
// its way.
func (w *slot) runs() bool {
	select {
	case <-w.proc.Ended():
		return false
	default:
		return true
	}
}

// freeze stops the process for a while. If it is killed meanwhile, its successor
// is left alone.
func (w *slot) freeze(ctx context.Context, d time.Duration) {
	w.mu.Lock()
	proc := w.proc
	w.mu.Unlock()
	tell(proc, syscall.SIGSTOP)
	sleep(ctx, d)
	tell(proc, syscall.SIGCONT)
}

// end asks the worker to end, which it must do in time, and returns what went
// wrong with it.
func (w *slot) end() error {
	w.mu.Lock()
	w.ending = true
	proc := w.proc
	tell(proc, os.Interrupt)
	w.mu.Unlock()
	const patience = drainTimeout + 25*time.Second
	late := time.AfterFunc(patience, proc.Kill)
	<-w.done
	late.Stop()
	return errors.Join(w.troubles...)
}

// destroy ends the worker whatever it is at.
func (w *slot) destroy() {
	w.mu.Lock()
	w.ending = true
	proc := w.proc
	w.mu.Unlock()
	proc.Kill()
	<-w.done
}
