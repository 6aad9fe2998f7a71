package redistest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/millstream-go/millstream/internal/child"
)

// Server is a redis-server that runs for a test or for a package's tests.
type Server struct {
	binary     string
	args       []string
	supervised bool
	dir        string
	addr       string
	secure     *identity // nil: without TLS
	config     string    // of a sentinel, which needs a file to write to
	clustered  bool
	busAddr    string // of a cluster's node, for the other nodes

	life     context.Context // ends when the server is stopped for good
	end      context.CancelFunc
	watchers sync.WaitGroup

	mu     sync.Mutex
	proc   *child.Process // nil while the server is down on purpose
	paused bool
}

// Start runs a server until the test ends. Without a redis-server, or when it
// does not start, the test fails.
func Start(tb testing.TB, opts ...Option) *Server {
	tb.Helper()
	s, stop, err := StartShared(opts...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("log of redis-server %s:\n%s", s.addr, s.log())
		}
		stop()
	})
	return s
}

// StartShared runs a server until stop is called, where there is no test to end it
// with; [Main] does so for a package's tests.
//
// stop returns when the server and everything around it has ended; calling it
// again does nothing.
func StartShared(opts ...Option) (_ *Server, stop func(), err error) {
	binary, err := find()
	if err != nil {
		return nil, nil, err
	}
	dir, err := os.MkdirTemp("", "redistest-")
	if err != nil {
		return nil, nil, fmt.Errorf("directory for redis-server: %w", err)
	}
	s := &Server{binary: binary, dir: dir}
	for _, opt := range opts {
		opt(s)
	}
	s.life, s.end = context.WithCancel(context.Background())
	if err := s.begin(); err != nil {
		s.stop()
		return nil, nil, err
	}
	return s, s.stop, nil
}

// begin launches the server for the first time.
func (s *Server) begin() error {
	if s.secure != nil {
		if err := s.secure.issue(); err != nil {
			return fmt.Errorf("certificates for redis-server: %w", err)
		}
	}
	if err := s.writeConfig(); err != nil {
		return fmt.Errorf("configuration of redis-server: %w", err)
	}
	return s.launchOnFreePort()
}

// Addr returns the server's host and port. It never changes.
func (s *Server) Addr() string { return s.addr }

// URL returns the server's address as a redis:// URL, or a rediss:// one with [TLS].
func (s *Server) URL() string {
	if s.secure != nil {
		return "rediss://" + s.addr + "/0"
	}
	return "redis://" + s.addr + "/0"
}

// launchOnFreePort launches the server where nobody else listens. Between
// finding a port and using it another process may take it, hence the retries.
func (s *Server) launchOnFreePort() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	for range 5 {
		if s.addr, err = freeAddr(); err != nil {
			return err
		}
		if s.clustered {
			if s.busAddr, err = freeAddr(); err != nil {
				return err
			}
		}
		if err = s.launch(); !errors.Is(err, errEnded) {
			return err
		}
	}
	return err
}

// freeAddr picks a port below those that systems give to outgoing connections.
// One of these could be taken while the server is down for a restart.
func freeAddr() (string, error) {
	var failures error
	for range 20 {
		port := 10_000 + rand.IntN(20_000)
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return l.Addr().String(), l.Close()
		}
		failures = errors.Join(failures, err)
	}
	return "", fmt.Errorf("no free port: %w", failures)
}

// launch starts the process and waits until it answers. s.mu is held.
func (s *Server) launch() error {
	cmd, err := s.command()
	if err != nil {
		return err
	}
	log, err := os.OpenFile(s.path("log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close() // the process has its own copy
	cmd.Stdout, cmd.Stderr = log, log

	proc, err := child.Start(cmd)
	if err != nil {
		return err
	}
	if err := s.awaitReady(proc); err != nil {
		proc.Kill()
		return fmt.Errorf("%s: %w; its log:\n%s", s.addr, err, s.log())
	}
	if err := s.writePID(proc.PID()); err != nil {
		proc.Kill()
		return err
	}
	s.proc = proc
	if s.supervised {
		s.watchers.Go(func() { s.watch(proc) })
	}
	return nil
}

// stop ends the server for good.
func (s *Server) stop() {
	s.end() // a launch under way gives up, and with it the lock
	s.mu.Lock()
	s.down()
	s.mu.Unlock()
	s.watchers.Wait()
	_ = os.RemoveAll(s.dir) // at worst a temporary directory stays behind
}

// down kills the process, if there is one. s.mu is held.
func (s *Server) down() {
	proc := s.proc
	if proc == nil {
		return
	}
	s.proc, s.paused = nil, false // tells the watcher that it is on purpose
	_ = os.Remove(s.path("pid"))
	proc.Kill()
}

// answers reports whether the server was neither killed nor paused.
func (s *Server) answers() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.proc != nil && !s.paused
}

func (s *Server) path(name string) string {
	return filepath.Join(s.dir, "redistest."+name)
}

// log returns what the server has printed.
func (s *Server) log() string {
	text, err := os.ReadFile(s.path("log"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}
