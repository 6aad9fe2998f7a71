// Package fleet runs this program in processes of their own, in its roles, and starts each
// again that dies, as an init system does.
package fleet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/millstream-go/millstream/internal/child"
)

const (
	// startTimeout is how long a process may take to say where it listens.
	startTimeout = 30 * time.Second
	// restartPause is how long one that died stays away.
	restartPause = 200 * time.Millisecond
)

// Fleet is a number of processes. Its methods may be called concurrently.
type Fleet struct {
	dir     string // of the logs
	env     []string
	life    context.Context
	end     context.CancelFunc
	keepers sync.WaitGroup

	mu      sync.Mutex
	members []*Member
}

// New returns an empty fleet, whose processes write their logs into dir and have env in
// their environment. Stop ends it.
func New(dir string, env ...string) *Fleet {
	f := &Fleet{dir: dir, env: env}
	f.life, f.end = context.WithCancel(context.Background())
	return f
}

// Member is one of the processes, whichever incarnation of it lives.
type Member struct {
	fleet *Fleet
	name  string
	args  []string

	mu     sync.Mutex
	proc   *child.Process
	url    string
	deaths int
}

// Start starts this program with the arguments, of which -listen must be one that it takes,
// and returns when it has said where it listens. It keeps that address when it is started
// again.
func (f *Fleet) Start(name string, args ...string) (*Member, error) {
	m := &Member{fleet: f, name: name, args: args}
	if err := m.start("localhost:0"); err != nil {
		return nil, err
	}
	f.mu.Lock()
	f.members = append(f.members, m)
	f.mu.Unlock()
	f.keepers.Go(m.keep)
	return m, nil
}

// start starts the process.
func (m *Member) start(listen string) error {
	cmd, err := child.Self(append(m.args, "-listen", listen)...)
	if err != nil {
		return err
	}
	log, err := os.OpenFile(m.fleet.log(m.name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close() // the process has its own copy
	said := newLine()
	cmd.Env = append(cmd.Env, m.fleet.env...)
	cmd.Stdout, cmd.Stderr = said, log
	proc, err := child.Start(cmd)
	if err != nil {
		return err
	}
	select {
	case <-said.whole:
	case <-proc.Ended():
	case <-time.After(startTimeout):
	}
	url := address.FindString(said.text())
	if url == "" {
		proc.Kill()
		return fmt.Errorf("start %s: it ended, or did not say where it listens; what went wrong is in %s", m.name, m.fleet.log(m.name))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.proc, m.url = proc, url
	return nil
}

var address = regexp.MustCompile(`http://[^\s/]+`)

func (f *Fleet) log(name string) string { return filepath.Join(f.dir, name+".log") }

// keep starts the process again whenever it has ended.
func (m *Member) keep() {
	for {
		proc := m.current()
		select {
		case <-proc.Ended():
			m.ended(proc)
		case <-m.fleet.life.Done():
			return
		}
		for m.fleet.pause() && m.start(m.listen()) != nil {
			// What it needs may be away just as well.
			continue
		}
		if m.fleet.life.Err() != nil {
			return
		}
	}
}

// pause waits before a process is started, and tells whether it is to be.
func (f *Fleet) pause() bool {
	select {
	case <-time.After(restartPause):
		return f.life.Err() == nil
	case <-f.life.Done():
		return false
	}
}

func (m *Member) current() *child.Process {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.proc
}

func (m *Member) listen() string { return m.URL()[len("http://"):] }

// URL returns where it listens.
func (m *Member) URL() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.url
}

// Deaths returns how often a signal ended it: Kill, or its own.
func (m *Member) Deaths() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.deaths
}

// ended counts the end of a process.
func (m *Member) ended(proc *child.Process) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if proc.ExitCode() < 0 {
		m.deaths++
	}
}

// Kill ends the process as a crash would, and tells whether there was one to end. It is
// started again.
func (m *Member) Kill() bool {
	proc := m.current()
	alive := proc.Signal(os.Kill) == nil
	<-proc.Ended()
	return alive
}

// Freeze stops the process where it is until Thaw.
func (m *Member) Freeze() { _ = m.current().Signal(syscall.SIGSTOP) } // one that has ended needs none

// Thaw lets it go on.
func (m *Member) Thaw() { _ = m.current().Signal(syscall.SIGCONT) } // the same

// Stop asks all processes to end, the last that was started first, and waits for them. The
// error tells which did not end well.
func (f *Fleet) Stop() error {
	f.end()
	f.keepers.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	var failures error
	for _, m := range slices.Backward(f.members) {
		proc := m.current()
		m.Thaw()
		if proc.Signal(syscall.SIGTERM) != nil {
			continue // it was killed a moment ago
		}
		if code := proc.ExitCode(); code != 0 {
			failures = errors.Join(failures, fmt.Errorf("%s ended with exit code %d; what went wrong is in %s", m.name, code, f.log(m.name)))
		}
	}
	return failures
}
