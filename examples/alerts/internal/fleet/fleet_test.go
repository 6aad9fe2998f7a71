package fleet_test

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/millstream-go/millstream/examples/alerts/internal/fleet"
)

// asMember in the environment makes the test binary a member.
const asMember = "MILLSTREAM_TEST_AS_MEMBER"

func TestMain(m *testing.M) {
	if os.Getenv(asMember) == "" {
		goleak.VerifyTestMain(m)
		return
	}
	member(os.Args[1])
}

// member does what it is told.
func member(how string) {
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	switch how {
	case "serve":
		fmt.Printf("half a line, serving at http://localhost:%d/x\nmore\n", os.Getpid())
		<-end
	case "fail":
		fmt.Fprintln(os.Stderr, "for a reason")
		os.Exit(3)
	case "grudge":
		fmt.Println("at http://here/")
		<-end
		os.Exit(4)
	case "deaf":
		fmt.Println("at http://here/")
		<-end
		select {}
	}
}

// said collects lines.
type said struct {
	mu    sync.Mutex
	lines []string
}

func (s *said) add(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, line)
}

func start(t *testing.T, how string, onLine func(string)) (*fleet.Fleet, *fleet.Member) {
	t.Helper()
	f := fleet.New(asMember + "=1")
	t.Cleanup(f.Close)
	m, err := f.Start("one", onLine, how)
	require.NoError(t, err)
	return f, m
}

func TestAMemberSaysWhereItIsAndEndsWhenItIsAskedTo(t *testing.T) {
	var s said
	f, m := start(t, "serve", s.add)
	url, err := m.URL(t.Context())
	require.NoError(t, err)
	assert.Equal(t, fmt.Sprint("http://localhost:", m.PID()), url)
	require.NoError(t, m.Stop(t.Context()))
	assert.NoError(t, f.Faults())
	assert.Len(t, s.lines, 2)
	assert.Equal(t, "more", s.lines[1])
}

func TestAMemberThatWasKilledIsStartedAgainElsewhere(t *testing.T) {
	f, m := start(t, "serve", nil)
	first, err := m.URL(t.Context())
	require.NoError(t, err)
	m.Kill()
	assert.NoError(t, f.Faults(), "that was on purpose")
	require.NoError(t, m.Restart("serve"))
	second, err := m.URL(t.Context())
	require.NoError(t, err)
	assert.NotEqual(t, first, second)
}

func TestAMemberThatEndsByItselfIsAFault(t *testing.T) {
	f, m := start(t, "fail", nil)
	_, err := m.URL(t.Context())
	assert.ErrorContains(t, err, "one ended with exit status 3; it said: for a reason")
	assert.ErrorContains(t, f.Faults(), "one ended with exit status 3")
}

func TestAMemberThatDoesNotEndWellIsAFault(t *testing.T) {
	_, m := start(t, "grudge", nil)
	_, err := m.URL(t.Context())
	require.NoError(t, err)
	assert.ErrorContains(t, m.Stop(t.Context()), "exit status 4")
	_, m = start(t, "deaf", nil)
	_, err = m.URL(t.Context())
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	assert.ErrorContains(t, m.Stop(ctx), "did not end when it was asked to")
}

func TestWhatAMemberPrintedBeforeItWasKilledIsAllThere(t *testing.T) {
	var s said
	_, m := start(t, "serve", s.add)
	_, err := m.URL(t.Context())
	require.NoError(t, err)
	m.Kill()
	assert.True(t, slices.ContainsFunc(s.lines, func(l string) bool { return l != "" }))
}
