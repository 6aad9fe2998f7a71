package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/internal/apptest"
)

func TestMain(m *testing.M) { apptest.Main(m, main) }

// service is a running process.
type service struct {
	*apptest.Process
	url string
}

// serve starts a process and returns when it takes requests.
func serve(t *testing.T, args ...string) service {
	t.Helper()
	return serveIn(t, nil, args...)
}

// serveIn is serve with more in the environment.
func serveIn(t *testing.T, env []string, args ...string) service {
	t.Helper()
	p := apptest.Start(t, apptest.Command{Env: env, Args: append([]string{"-listen", "localhost:0", "-samples", "0"}, args...)})
	return service{p, p.Await(t, `(http://[\d.:]+)/`)}
}

// end has the process end, well.
func (s service) end(t *testing.T) {
	t.Helper()
	s.Interrupt()
	require.Equal(t, 0, s.Wait(t), s.Stderr())
}

// answer is what a request was answered with.
type answer struct {
	status int
	header http.Header
	body   string
}

// into reads the body as JSON.
func (a answer) into(t *testing.T, value any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(a.body), value), a.body)
}

// ask sends a request, a body as JSON.
func (s service) ask(t *testing.T, method, path, body string, header ...string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.url+path, bytes.NewBufferString(body))
	require.NoError(t, err)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	// A connection of its own for each: none is left over, and none is of an earlier process.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	got, err := client.Do(request)
	require.NoError(t, err)
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	require.NoError(t, err)
	return answer{got.StatusCode, got.Header, string(text)}
}

// userSeen is a user in answers.
type userSeen struct{ ID, Name, Email string }

// register registers somebody whom nothing is wrong with.
func (s service) register(t *testing.T, name, email string) (user userSeen) {
	t.Helper()
	got := s.ask(t, http.MethodPost, "/users", fmt.Sprintf(`{"name":%q,"email":%q}`, name, email))
	require.Equal(t, http.StatusCreated, got.status, got.body)
	got.into(t, &user)
	return user
}

// counted returns how many users analytics counted.
func (s service) counted(t *testing.T) int64 {
	t.Helper()
	var counts struct{ Total int64 }
	s.ask(t, http.MethodGet, "/analytics", "").into(t, &counts)
	return counts.Total
}

// mailsSeen is what became of mails.
type mailsSeen struct {
	Taken []struct {
		MessageID string `json:"message_id"`
		To        string
		Again     int
	}
	Refused     int
	DeadLetters []struct {
		EventID  string `json:"event_id"`
		Service  string
		Kind     string
		Reason   string
		Attempts int
	} `json:"dead_letters"`
}

func (s service) mails(t *testing.T) (mails mailsSeen) {
	t.Helper()
	s.ask(t, http.MethodGet, "/mails", "").into(t, &mails)
	return mails
}

// database returns the name of a database that outlives processes.
func database(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "users.db")
}
