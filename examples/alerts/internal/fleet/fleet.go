// Package fleet runs the roles of the example as child processes of one that looks after
// them, and kills them.
package fleet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"

	"github.com/millstream-go/millstream/internal/child"
)

// tail is how much of what a process says of trouble is kept.
const tail = 4 << 10

// Fleet starts members. Its methods may be called concurrently.
type Fleet struct {
	// env is what the members' environment has besides this process's.
	env []string

	mu      sync.Mutex
	members []*Member
}

// New returns a fleet without members.
func New(env ...string) *Fleet { return &Fleet{env: env} }

// Member is one process, and those that follow it under its name.
type Member struct {
	Name string

	fleet  *Fleet
	onLine func(string)

	mu     sync.Mutex
	proc   *child.Process
	url    string
	named  chan struct{} // closed when url is known
	said   []byte
	asked  bool // to end
	killed int
}

// Start starts this program with arguments. onLine, if not nil, is called with each whole
// line that it prints.
func (f *Fleet) Start(name string, onLine func(string), args ...string) (*Member, error) {
	m := &Member{Name: name, fleet: f, onLine: onLine}
	if err := m.Restart(args...); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.members = append(f.members, m)
	return m, nil
}

// Restart starts it again, after it was killed.
func (m *Member) Restart(args ...string) error {
	cmd, err := child.Self(args...)
	if err != nil {
		return err
	}
	cmd.Env = append(cmd.Env, m.fleet.env...)
	named := make(chan struct{})
	m.mu.Lock()
	m.asked, m.url, m.named = false, "", named
	m.mu.Unlock()
	cmd.Stdout = &lines{each: func(line string) { m.printed(line, named) }}
	cmd.Stderr = &said{m}
	proc, err := child.Start(cmd)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.proc = proc
	return nil
}

// printed takes a line that it printed. The first with a URL says where it is.
func (m *Member) printed(line string, named chan struct{}) {
	if _, after, ok := strings.Cut(line, "http://"); ok {
		m.mu.Lock()
		if m.url == "" && m.named == named {
			address, _, _ := strings.Cut(after, "/")
			m.url = "http://" + strings.TrimSpace(address)
			close(named)
		}
		m.mu.Unlock()
	}
	if m.onLine != nil {
		m.onLine(line)
	}
}

// URL waits until the member says where it serves HTTP, and returns that.
func (m *Member) URL(ctx context.Context) (string, error) {
	m.mu.Lock()
	named, proc := m.named, m.proc
	m.mu.Unlock()
	select {
	case <-named:
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.url, nil
	case <-proc.Ended():
		return "", m.fault()
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// PID returns the id of the process.
func (m *Member) PID() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.proc.PID()
}

// Kill ends it as a crash would, and returns when it has ended and all it printed is here.
func (m *Member) Kill() {
	m.mu.Lock()
	m.asked = true
	m.killed++
	proc := m.proc
	m.mu.Unlock()
	proc.Kill()
}

// Killed returns how often it was killed.
func (m *Member) Killed() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.killed
}

// Stop asks it to end and waits until it has. When ctx ends before that it is killed, which
// is an error, as is any exit code but 0.
func (m *Member) Stop(ctx context.Context) error {
	m.mu.Lock()
	m.asked = true
	proc := m.proc
	m.mu.Unlock()
	if err := proc.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-proc.Ended():
	case <-ctx.Done():
		proc.Kill()
		return fmt.Errorf("%s did not end when it was asked to", m.Name)
	}
	if proc.ExitCode() != 0 {
		return m.fault()
	}
	return nil
}

// fault says that it ended, how, and what it said.
func (m *Member) fault() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return fmt.Errorf("%s ended with %v; it said: %s", m.Name, m.proc.State(), bytes.TrimSpace(m.said))
}

// Faults returns an error for each member that ended by itself.
func (f *Fleet) Faults() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var faults []error
	for _, m := range f.members {
		m.mu.Lock()
		proc, asked := m.proc, m.asked
		m.mu.Unlock()
		select {
		case <-proc.Ended():
			if !asked {
				faults = append(faults, m.fault())
			}
		default:
		}
	}
	return errors.Join(faults...)
}

// Close kills all that are left.
func (f *Fleet) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range f.members {
		m.Kill()
	}
}

// lines calls each with every whole line that is written.
type lines struct {
	each func(string)
	rest []byte
}

// Write implements [io.Writer].
func (l *lines) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for {
		line, rest, ok := bytes.Cut(l.rest, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		l.each(string(line))
		l.rest = rest
	}
}

// said keeps the end of what is written.
type said struct{ m *Member }

// Write implements [io.Writer].
func (s *said) Write(p []byte) (int, error) {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	s.m.said = append(s.m.said, p...)
	if over := len(s.m.said) - tail; over > 0 {
		s.m.said = append([]byte(nil), s.m.said[over:]...)
	}
	return len(p), nil
}
