package chaos

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// process is one life of a worker.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed once it has ended and was reaped
}

// spawn starts this program again, as a worker. What it prints goes to files, of
// which a killed process loses nothing.
func spawn(s spec) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	environment, err := s.environment()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.Command(self), ended: make(chan struct{})}
	// What the race detector finds ends the worker at once, before it is killed.
	p.cmd.Env = append(os.Environ(), environment, "GORACE=halt_on_error=1")
	p.cmd.SysProcAttr = attributes()
	runs, err := appendTo(s.runs())
	if err != nil {
		return nil, err
	}
	defer runs.Close() // the process has its own copy
	log, err := appendTo(s.log())
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p.cmd.Stdout, p.cmd.Stderr = runs, log
	return p, p.start()
}

func appendTo(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

// start starts the process. Its only goroutine ends with it.
func (p *process) start() error {
	started := make(chan error)
	go func() {
		defer close(p.ended)
		// The kernel takes the thread that started a process for its parent,
		// so that thread must live as long as the process does.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait() // how it ended is in its state
		}
	}()
	if err := <-started; err != nil {
		<-p.ended
		return fmt.Errorf("start a worker: %w", err)
	}
	return nil
}

// signal sends a signal; that the process has ended is no error.
func (p *process) signal(sig os.Signal) { _ = p.cmd.Process.Signal(sig) }

// kill ends the process as a crash would and returns after it has ended.
func (p *process) kill() {
	p.signal(os.Kill)
	<-p.ended
}

// spec says which worker a process is to be.
type spec struct {
	Redis string // address of its link
	Dir   string // of its files
	Trim  bool   // whether it trims what is done
	Index int
}

func (s spec) runs() string { return filepath.Join(s.Dir, fmt.Sprintf("runs-%d.txt", s.Index)) }
func (s spec) log() string  { return filepath.Join(s.Dir, fmt.Sprintf("worker-%d.log", s.Index)) }
