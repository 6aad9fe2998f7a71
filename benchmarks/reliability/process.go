package reliability

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
)

// process is a worker in a process of its own.
type process struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	// ended is closed when the process has ended and all it said is known.
	ended chan struct{}

	mu   sync.Mutex
	said map[string]bool
}

// job returns a job of the scene for the consumer.
func (s *scene) job(consumer string) job {
	return job{
		Contender: s.contender.Name(), Addr: s.server.Addr(), In: s.in, Out: s.out,
		Group: s.group, Consumer: consumer, Idle: idle,
	}
}

// spawn starts a worker. It is killed at the end of the scene at the latest.
func (s *scene) spawn(j job) (*process, error) {
	text, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	binary, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.Command(binary), ended: make(chan struct{}), said: map[string]bool{}}
	p.cmd.Env = append(os.Environ(), jobKey+"="+string(text))
	p.cmd.Stderr = os.Stderr
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	// A worker whose standard input ends ends too, so none outlives this process.
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.ended)
		for scanner := bufio.NewScanner(stdout); scanner.Scan(); {
			p.hear(scanner.Text(), s.runs)
		}
		_ = p.cmd.Wait() // most are killed
	}()
	s.cleanup = append(s.cleanup, p.kill)
	return p, nil
}

func (p *process) hear(line string, r *runs) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.said[line] = true
	if word, id, ok := strings.Cut(line, " "); ok && word == wordBegin {
		r.begin(id)
	}
}

// says is the condition that the worker has said a word about a message.
func (p *process) says(word, id string) func() (bool, error) {
	return func() (bool, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.said[word+" "+id], nil
	}
}

// hasEnded is the condition that the process has ended.
func (p *process) hasEnded() (bool, error) {
	select {
	case <-p.ended:
		return true, nil
	default:
		return false, nil
	}
}

// proceed lets a handler that awaits it go on.
func (p *process) proceed() error {
	_, err := fmt.Fprintln(p.stdin)
	return err
}

func (p *process) signal(sig syscall.Signal) error { return p.cmd.Process.Signal(sig) }

// terminate asks the worker to finish and returns when it has.
func (p *process) terminate(ctx context.Context) error {
	if err := p.signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-p.ended:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// kill ends the process as kill -9 does and returns when it has ended.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it fails only when it has ended already
	<-p.ended
}
