// Package child runs processes that do not outlive this one.
package child

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
)

// Process is one that was started. Its methods may be called concurrently.
type Process struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

// Start starts the command, in a process group of its own: Ctrl-C in a terminal does not
// reach it. On Linux the process is killed when this one ends, however that happens. One
// goroutine waits for its end, so it needs no Wait. The command belongs to the Process from
// then on.
func Start(cmd *exec.Cmd) (*Process, error) {
	p := &Process{cmd: cmd, ended: make(chan struct{})}
	cmd.SysProcAttr = dieWithParent()
	started := make(chan error)
	go func() {
		defer close(p.ended)
		// The kernel takes the thread that started a process for its parent,
		// so that thread must live as long as the process does.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // ExitCode tells
		}
	}()
	if err := <-started; err != nil {
		<-p.ended
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	return p, nil
}

// Self returns a command that is this program once more, with its environment.
func Self(args ...string) (*exec.Cmd, error) {
	name, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	cmd := exec.Command(name, args...)
	cmd.Env = os.Environ()
	return cmd, nil
}

// PID returns the process's id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Ended is closed when the process has ended and what it wrote has been copied.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// ExitCode waits for the end and returns the exit code, -1 if a signal ended it.
func (p *Process) ExitCode() int { return p.State().ExitCode() }

// State waits for the end and tells how it ended.
func (p *Process) State() *os.ProcessState {
	<-p.ended
	return p.cmd.ProcessState
}

// Signal sends a signal. The error is os.ErrProcessDone when the process has ended.
func (p *Process) Signal(sig os.Signal) error { return p.cmd.Process.Signal(sig) }

// Kill ends the process as a crash would and returns after it has ended.
func (p *Process) Kill() {
	_ = p.Signal(os.Kill) // it fails only when the process has already ended
	<-p.ended
}
