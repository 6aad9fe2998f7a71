package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/millstream-go/millstream/examples/internal/apptest"
)

// bleve starts its analysers with the program.
func TestMain(m *testing.M) { apptest.Main(m, main, goleak.IgnoreCurrent()) }

// site calls an address, without keeping connections: the processes behind it come and go.
type site struct {
	t    *testing.T
	base string
}

var fresh = http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// reply is an answer.
type reply struct {
	status  int
	headers http.Header
	body    string
}

// chunked is a header that has a body sent as it comes.
const chunked = "Transfer-Encoding: chunked"

// try calls, and may fail.
func (w site) try(method, path, body string, headers ...string) (reply, error) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.base+path, strings.NewReader(body))
	require.NoError(w.t, err)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if slices.Contains(headers, chunked) {
		r.ContentLength = -1 // nobody is told in advance
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	answer, err := fresh.Do(r)
	if err != nil {
		return reply{}, err
	}
	text, err := io.ReadAll(answer.Body)
	return reply{answer.StatusCode, answer.Header, string(text)}, errors.Join(err, answer.Body.Close())
}

// call calls, and is answered.
func (w site) call(method, path, body string, headers ...string) reply {
	w.t.Helper()
	got, err := w.try(method, path, body, headers...)
	require.NoError(w.t, err)
	return got
}

// create makes a task and returns its path.
func (w site) create(title string) string {
	w.t.Helper()
	got := w.call("POST", "/tasks", `{"title":"`+title+`"}`)
	require.Equal(w.t, 201, got.status, got.body)
	return got.headers.Get("Location")
}

// finds returns how many tasks a query finds, and the status of the answer.
func (w site) finds(query string) (total, status int) {
	w.t.Helper()
	got, err := w.try("GET", "/search?"+query, "")
	if err != nil || got.status != http.StatusOK {
		return 0, got.status
	}
	var found struct{ Total int }
	require.NoError(w.t, json.Unmarshal([]byte(got.body), &found))
	return found.Total, got.status
}

// awaitFound waits until a query finds so many.
func (w site) awaitFound(query string, want int) {
	w.t.Helper()
	apptest.Await(w.t, query+" finds what it should", func() bool {
		n, status := w.finds(query)
		return n == want && status == http.StatusOK
	})
}

// awaitStatus waits until a path is answered with a status.
func (w site) awaitStatus(path string, want int) {
	w.t.Helper()
	apptest.Await(w.t, path+" is answered so", func() bool {
		got, err := w.try("GET", path, "")
		return err == nil && got.status == want
	})
}

// run starts the program.
func run(t *testing.T, args ...string) *apptest.Process {
	t.Helper()
	return apptest.Start(t, apptest.Command{Args: args})
}

// serve starts the system without the demonstration, and returns where it serves. At the
// end of the test it must end well.
func serve(t *testing.T, args ...string) (*apptest.Process, site) {
	t.Helper()
	p := run(t, append([]string{"serve", "-http", "localhost:0"}, args...)...)
	t.Cleanup(func() { ends(t, p) })
	base := p.Await(t, `behind (http://\S+):\n`)
	p.Await(t, `goes on serving`)
	return p, site{t, base}
}

// ends ends the program with Ctrl-C, if it has not ended yet.
func ends(t *testing.T, p *apptest.Process) {
	t.Helper()
	p.Interrupt()
	if code := p.Wait(t); code != 0 {
		t.Errorf("exit code %d: %s", code, p.Stderr())
	}
}

// part starts a part alone, and returns where it serves.
func part(t *testing.T, args ...string) (*apptest.Process, site) {
	t.Helper()
	p := run(t, args...)
	return p, site{t, p.Await(t, `(http://\S+)\n`)}
}
