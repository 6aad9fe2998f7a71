package receiver_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/millstream-go/millstream/examples/alerts/internal/receiver"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, name string) *receiver.Book {
	t.Helper()
	book, err := receiver.OpenBook(name)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, book.Close()) })
	return book
}

// desk is a receiver that is asked without a network.
type desk struct {
	book    *receiver.Book
	handler http.Handler
}

func newDesk(t *testing.T) desk {
	t.Helper()
	book := open(t, filepath.Join(t.TempDir(), "book"))
	return desk{book, receiver.New(book, 0, slog.New(slog.DiscardHandler)).Handler()}
}

func (d desk) ask(method, path, key, body string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, path, strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", key)
	answer := httptest.NewRecorder()
	d.handler.ServeHTTP(answer, request)
	return answer
}

const (
	page   = `{"id":"a-1","severity":"critical","host":"web-1","service":"checkout","summary":"down","raised_at":"2026-01-31T12:00:00Z"}`
	ticket = `{"service":"checkout","from":"2026-01-31T12:00:00Z","to":"2026-01-31T12:01:00Z","warnings":7}`
)

func TestPeopleAreToldOnceForEachKey(t *testing.T) {
	d := newDesk(t)
	assert.JSONEq(t, `{"first":true}`, d.ask("POST", "/pages", "k", page).Body.String())
	assert.JSONEq(t, `{"first":false}`, d.ask("POST", "/pages", "k", page).Body.String())
	assert.JSONEq(t, `{"first":true}`, d.ask("POST", "/tickets", "k", ticket).Body.String(), "a ticket is no page")
	assert.Equal(t, receiver.Counts{Pages: 1, Tickets: 1, Warnings: 7, Doubled: 1}, d.book.Counts())
	assert.JSONEq(t, `{"pages":1,"tickets":1,"warnings":7,"doubled":1,"refused":0,"turned_away":0,"down":false}`,
		d.ask("GET", "/received", "", "").Body.String())
	assert.True(t, d.book.Told(receiver.Page, "k"))
	assert.False(t, d.book.Told(receiver.Page, "other"))
}

func TestWrongRequestsAreAnsweredByWhatIsWrong(t *testing.T) {
	d := newDesk(t)
	for what, test := range map[string]struct {
		method, path, key, body string
		status                  int
		detail, fields          string
	}{
		"no JSON":             {"POST", "/pages", "k", "{", 400, "no JSON object", ""},
		"no key":              {"POST", "/pages", "", page, 400, "Idempotency-Key", ""},
		"a key too long":      {"POST", "/pages", strings.Repeat("k", 301), page, 400, "1 to 300", ""},
		"wrong fields":        {"POST", "/pages", "k", `{"severity":"x"}`, 422, "", "id severity host service summary raised_at"},
		"nobody is on call":   {"POST", "/pages", "k", strings.Replace(page, "checkout", "legacy", 1), 422, "nobody is on call", "service"},
		"no ticket":           {"POST", "/tickets", "k", "[]", 400, "no JSON object", ""},
		"a wrong number":      {"POST", "/tickets", "k", `{"service":"checkout","warnings":"x"}`, 422, "", "warnings"},
		"a wrong time":        {"POST", "/tickets", "k", `{"service":"checkout","warnings":1,"from":"x"}`, 422, "", "from, to"},
		"an empty ticket":     {"POST", "/tickets", "k", "{}", 422, "", "service warnings"},
		"a ticket of nobody":  {"POST", "/tickets", "k", strings.Replace(ticket, "checkout", "legacy", 1), 422, "nobody is on call", "service"},
		"too large":           {"POST", "/pages", "k", strings.Repeat(" ", 65<<10), 413, "65536 bytes", ""},
		"another method":      {"GET", "/pages", "k", "", 405, "POST", ""},
		"no text":             {"POST", "/pages", "k", `{"summary":1}`, 422, "want a string", "summary"},
		"another path":        {"GET", "/", "k", "", 404, "nothing at this path", ""},
		"no mood":             {"PUT", "/mood", "k", `{}`, 422, `{"down":true}`, "down"},
		"a mood that is none": {"PUT", "/mood", "k", `{"down":"yes"}`, 422, `{"down":true}`, "down"},
	} {
		answer := d.ask(test.method, test.path, test.key, test.body)
		assert.Equal(t, test.status, answer.Code, what)
		assert.Equal(t, "application/problem+json", answer.Header().Get("Content-Type"), what)
		var problem struct {
			Title, Detail string
			Status        int
			Errors        []struct{ Field, Detail string }
		}
		require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &problem), what)
		assert.Equal(t, test.status, problem.Status, what)
		assert.NotEmpty(t, problem.Title, what)
		assert.Contains(t, problem.Detail, test.detail, what)
		var fields []string
		for _, e := range problem.Errors {
			fields = append(fields, e.Field)
		}
		assert.Equal(t, test.fields, strings.Join(fields, " "), what)
	}
	assert.Equal(t, "POST", d.ask("GET", "/tickets", "k", "").Header().Get("Allow"))
	request := httptest.NewRequest("POST", "/pages", strings.NewReader(page))
	request.Header.Set("Content-Type", "text/plain")
	answer := httptest.NewRecorder()
	d.handler.ServeHTTP(answer, request)
	assert.Equal(t, 415, answer.Code)
	assert.Zero(t, d.book.Counts(), "nothing of it was taken")
}

func TestWhenItIsDownItTakesNothing(t *testing.T) {
	d := newDesk(t)
	require.Equal(t, 204, d.ask("PUT", "/mood", "", `{"down":true}`).Code)
	assert.Equal(t, 503, d.ask("POST", "/pages", "k", page).Code)
	assert.Equal(t, 503, d.ask("GET", "/health", "", "").Code)
	assert.Zero(t, d.book.Counts())
	require.Equal(t, 204, d.ask("PUT", "/mood", "", `{"down":false}`).Code)
	assert.Equal(t, 200, d.ask("POST", "/pages", "k", page).Code)
	assert.Equal(t, 200, d.ask("GET", "/health", "", "").Code)
}

func TestABookIsThereAfterACrash(t *testing.T) {
	name := filepath.Join(t.TempDir(), "book")
	first := open(t, name)
	for _, key := range []string{"a", "b", "a"} {
		_, err := first.Take(receiver.Receipt{Kind: receiver.Page, Key: key})
		require.NoError(t, err)
	}
	// The crash: nothing is closed, and the last line is half written.
	file, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = io.WriteString(file, `{"kind":"page","key":"ha`)
	require.NoError(t, err)
	require.NoError(t, file.Close())

	second := open(t, name)
	assert.Equal(t, receiver.Counts{Pages: 2, Doubled: 1}, second.Counts())
	isFirst, err := second.Take(receiver.Receipt{Kind: receiver.Ticket, Key: "t", Warnings: 3})
	require.NoError(t, err)
	assert.True(t, isFirst)
	assert.Equal(t, receiver.Counts{Pages: 2, Tickets: 1, Warnings: 3, Doubled: 1}, open(t, name).Counts())
}

func TestABookCanDoWithoutAFile(t *testing.T) {
	book := receiver.NewBook()
	for _, want := range []bool{true, false} {
		first, err := book.Take(receiver.Receipt{Kind: receiver.Page, Key: "k"})
		require.NoError(t, err)
		assert.Equal(t, want, first)
	}
	assert.Equal(t, receiver.Counts{Pages: 1, Doubled: 1}, book.Counts())
	assert.NoError(t, book.Close())
}

func TestABookThatIsNoneIsNotOverwritten(t *testing.T) {
	name := filepath.Join(t.TempDir(), "book")
	require.NoError(t, os.WriteFile(name, []byte("dear diary\n"), 0o600))
	_, err := receiver.OpenBook(name)
	assert.ErrorContains(t, err, "read the notifier's book")
	_, err = receiver.OpenBook(t.TempDir())
	assert.ErrorContains(t, err, "open the notifier's book")
}

func TestALateAnswerIsOfATakenPage(t *testing.T) {
	book := open(t, filepath.Join(t.TempDir(), "book"))
	server := httptest.NewServer(receiver.New(book, time.Hour, slog.New(slog.DiscardHandler)).Handler())
	defer server.Close()
	client := &http.Client{Timeout: 100 * time.Millisecond}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(t.Context(), "POST", server.URL+"/pages", strings.NewReader(page))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", "k")
	response, err := client.Do(request)
	if err == nil {
		_ = response.Body.Close()
	}
	assert.Error(t, err)
	assert.True(t, book.Told(receiver.Page, "k"))
}
