package redistest

import (
	"fmt"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/millstream-go/millstream/internal/child"
)

// Kill ends the server as a crash would. Unless it was started with [AOF], its
// data is lost. The server stays away until [Server.Restart].
func (s *Server) Kill(tb testing.TB) {
	tb.Helper()
	s.Crash()
}

// Restart starts the server again on its port and with its directory, and
// returns when it answers. A server that still runs is killed first.
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	noError(tb, s.Revive())
}

// Pause freezes the server: it accepts connections and bytes but answers
// nothing until [Server.Resume].
func (s *Server) Pause(tb testing.TB) {
	tb.Helper()
	noError(tb, s.Freeze())
}

// Resume lets a paused server go on.
func (s *Server) Resume(tb testing.TB) {
	tb.Helper()
	noError(tb, s.Thaw())
}

func noError(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// Crash is [Server.Kill] for where there is no test.
func (s *Server) Crash() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down()
}

// Revive is [Server.Restart] for where there is no test.
func (s *Server) Revive() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down()
	if err := s.launch(); err != nil {
		return fmt.Errorf("restart: %w", err)
	}
	return nil
}

// Freeze is [Server.Pause] for where there is no test.
func (s *Server) Freeze() error { return s.signal(syscall.SIGSTOP) }

// Thaw is [Server.Resume] for where there is no test.
func (s *Server) Thaw() error { return s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig os.Signal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proc == nil {
		return fmt.Errorf("%v: redis-server was killed", sig)
	}
	if err := s.proc.Signal(sig); err != nil {
		return fmt.Errorf("%v: %w", sig, err)
	}
	s.paused = sig == syscall.SIGSTOP
	return nil
}

// watch waits for the end of proc and launches its successor, unless the end
// was on purpose. Why a launch failed is in the log.
func (s *Server) watch(proc *child.Process) {
	<-proc.Ended()
	for !s.succeed(proc) {
		select {
		case <-s.life.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// succeed reports whether nothing is left to do about the end of dead.
func (s *Server) succeed(dead *child.Process) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.proc != dead || s.life.Err() != nil || s.launch() == nil
}

const (
	killScript = `kill -9 "$(cat "$1")"`

	// The file gets the next process's id when that process answers. The kill
	// may fail because another was quicker; the wait is the same.
	killAndAwaitScript = `
pid=$(cat "$1") || exit
kill -9 "$pid" 2>/dev/null
tries=0
while [ "$(cat "$1")" = "$pid" ]; do
	tries=$((tries + 1))
	[ "$tries" -lt 600 ] || exit 1
	sleep 0.05
done`
)

// KillCommand returns a command line that kills the server from outside, as a
// crash would. When the server is [Supervised] the command ends once the next
// one answers, which makes it a RestartServiceCommand for Watermill's tests.
func (s *Server) KillCommand() []string {
	script := killScript
	if s.supervised {
		script = killAndAwaitScript
	}
	return []string{"sh", "-c", script, "redistest", s.path("pid")}
}

// writePID replaces the file in one step: a reader sees one id or the other.
func (s *Server) writePID(pid int) error {
	next := s.path("pid.next")
	if err := os.WriteFile(next, []byte(strconv.Itoa(pid)), 0o600); err != nil {
		return err
	}
	return os.Rename(next, s.path("pid"))
}
