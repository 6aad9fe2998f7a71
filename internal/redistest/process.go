package redistest

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
)

// process is one life of the redis-server.
type process struct {
	os    *os.Process
	ended chan struct{} // closed once it has ended and was reaped
}

// spawn starts the command. Its only goroutine ends with the process.
func spawn(cmd *exec.Cmd) (*process, error) {
	p := &process{ended: make(chan struct{})}
	cmd.SysProcAttr = dieWithParent()
	started := make(chan error)
	go func() {
		defer close(p.ended)
		// The kernel takes the thread that started a process for its parent,
		// so that thread must live as long as the process does.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		p.os = cmd.Process
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is in its log
		}
	}()
	if err := <-started; err != nil {
		<-p.ended
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	return p, nil
}

// kill ends the process as a crash would and returns after it has ended.
func (p *process) kill() {
	_ = p.os.Kill() // it fails only when the process has already ended
	<-p.ended
}
