package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/alerts/internal/receiver"
	"github.com/millstream-go/millstream/examples/internal/apptest"
	"github.com/millstream-go/millstream/internal/redistest"
)

func TestMain(m *testing.M) { apptest.Main(m, main) }

// plant is a Redis and the processes on it.
type plant struct {
	server *redistest.Server
	env    []string
}

func newPlant(t *testing.T, options ...redistest.Option) plant {
	t.Helper()
	server := redistest.Start(t, options...)
	return plant{server, []string{"REDIS_URL=" + server.URL()}}
}

// start starts a role.
func (p plant) start(t *testing.T, stdin io.Reader, args ...string) *apptest.Process {
	t.Helper()
	return apptest.Start(t, apptest.Command{Args: args, Stdin: stdin, Env: p.env})
}

// notifier starts one and returns its URL.
func (p plant) notifier(t *testing.T, args ...string) (process *apptest.Process, url string) {
	t.Helper()
	process = p.start(t, nil, append([]string{"notify", "-listen", "localhost:0"}, args...)...)
	return process, process.Await(t, `(http://[^/\s]+)/pages`)
}

// consumer starts one with short windows and pauses, and returns the URL of its metrics.
func (p plant) consumer(t *testing.T, notifierURL string, args ...string) (process *apptest.Process, url string) {
	t.Helper()
	process = p.start(t, nil, append([]string{
		"consume", "-notifier", notifierURL, "-metrics", "localhost:0", "-window", "300ms", "-backoff", "500ms",
	}, args...)...)
	return process, process.Await(t, `(http://[^/\s]+)/metrics`)
}

// produce publishes lines and expects it to go well.
func (p plant) produce(t *testing.T, lines string) *apptest.Process {
	t.Helper()
	process := p.start(t, strings.NewReader(lines), "produce", "-acks", "-host", "web-1", "-service", "checkout")
	require.Equal(t, 0, process.Wait(t), process.Stderr())
	return process
}

// lines returns n alerts, critical, warning and info in turns, with ids from first on.
func lines(first, n int) string {
	var text strings.Builder
	for i := first; i < first+n; i++ {
		fmt.Fprintf(&text, `{"id":"a-%d","severity":%q,"summary":"number %d"}`+"\n", i, [...]string{"critical", "warning", "info"}[i%3], i)
	}
	return text.String()
}

// get asks without keeping the connection.
func get(t *testing.T, url string) (status int, body []byte) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	response, err := client.Get(url)
	if err != nil {
		return 0, []byte(err.Error())
	}
	defer response.Body.Close()
	body, err = io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, body
}

// received asks a notifier what it took.
func received(t *testing.T, url string) (r receiver.Received) {
	t.Helper()
	if status, body := get(t, url+"/received"); status == http.StatusOK {
		require.NoError(t, json.Unmarshal(body, &r), string(body))
	}
	return r
}

// awaitReceived waits until a notifier has taken so much.
func awaitReceived(t *testing.T, url string, pages, warnings int) receiver.Received {
	t.Helper()
	var r receiver.Received
	apptest.Await(t, fmt.Sprintf("%d pages and %d warnings are taken", pages, warnings), func() bool {
		r = received(t, url)
		return r.Pages >= pages && r.Warnings >= warnings
	})
	return r
}

// put sends JSON.
func put(t *testing.T, url, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url, bytes.NewReader([]byte(body)))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusNoContent, response.StatusCode)
}

// file returns the name of a file with the content.
func file(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "alerts.ndjson")
	require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
	return name
}
