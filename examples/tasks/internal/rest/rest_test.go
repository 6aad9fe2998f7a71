package rest_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/millstream-go/millstream/examples/internal/web"
	"github.com/millstream-go/millstream/examples/tasks/internal/rest"
	"github.com/millstream-go/millstream/examples/tasks/internal/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// api is the interface of a store of its own.
type api struct {
	t       *testing.T
	handler http.Handler
	store   *store.Store
}

func newAPI(t *testing.T) api {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "tasks.db"), nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	checks := web.Checks{"store": s.Ping, "moon": func(context.Context) error { return errors.New("secret host") }}
	return api{t, rest.New(s, checks, slog.New(slog.DiscardHandler)), s}
}

// reply is an answer.
type reply struct {
	status  int
	headers http.Header
	body    string
}

// field returns a field of the answer's JSON.
func (r reply) field(t *testing.T, name string) any {
	t.Helper()
	var fields map[string]any
	require.NoError(t, json.Unmarshal([]byte(r.body), &fields), r.body)
	return fields[name]
}

// faults returns the wrong fields that a problem names.
func (r reply) faults(t *testing.T) []string {
	t.Helper()
	assert.Equal(t, "application/problem+json", r.headers.Get("Content-Type"))
	var problem web.Problem
	require.NoError(t, json.Unmarshal([]byte(r.body), &problem), r.body)
	assert.Equal(t, r.status, problem.Status)
	assert.NotEmpty(t, problem.Detail)
	names := make(map[string]bool)
	for _, f := range problem.Errors {
		names[f.Field] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// call sends a request; headers are "name: value".
func (a api) call(method, path, body string, headers ...string) reply {
	a.t.Helper()
	r := httptest.NewRequestWithContext(a.t.Context(), method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	a.handler.ServeHTTP(w, r)
	result := w.Result()
	defer result.Body.Close()
	text, err := io.ReadAll(result.Body)
	require.NoError(a.t, err)
	return reply{w.Code, result.Header, string(text)}
}

func TestATaskIsMadeReadChangedAndDeleted(t *testing.T) {
	a := newAPI(t)
	made := a.call("POST", "/tasks", `{"title":"Feed the cat","labels":["home"],"due":"2026-12-24T18:00:00+01:00"}`)
	require.Equal(t, 201, made.status, made.body)
	path := made.headers.Get("Location")
	assert.Equal(t, `"1"`, made.headers.Get("ETag"))
	assert.Equal(t, "2026-12-24T17:00:00Z", made.field(t, "due"))
	assert.Equal(t, "open", made.field(t, "status"))

	got := a.call("GET", path, "")
	assert.Equal(t, 200, got.status)
	assert.Equal(t, made.body, got.body)
	assert.Equal(t, 304, a.call("GET", path, "", `If-None-Match: "1"`).status)

	changed := a.call("PUT", path, `{"title":"Feed both cats","status":"doing"}`, `If-Match: "1"`)
	require.Equal(t, 200, changed.status, changed.body)
	assert.Equal(t, `"2"`, changed.headers.Get("ETag"))
	assert.Nil(t, changed.field(t, "due"), "what is not said is not so any more")
	assert.Equal(t, 200, a.call("PUT", path, `{"title":"Feed all cats"}`, "If-Match: *").status)

	assert.Equal(t, 204, a.call("DELETE", path, "", `If-Match: "3"`).status)
	assert.Equal(t, 404, a.call("GET", path, "").status)
	assert.JSONEq(t, `{"tasks":0,"outbox":4}`, a.call("GET", "/stats", "").body)
}

func TestAChangeMustSayOfWhichVersion(t *testing.T) {
	a := newAPI(t)
	path := a.call("POST", "/tasks", `{"title":"a"}`).headers.Get("Location")
	for given, status := range map[string]int{
		"":                   428,
		`If-Match: 1`:        400,
		`If-Match: "`:        400,
		`If-Match: "1", "2"`: 400,
		`If-Match: "2"`:      412,
		`If-Match: "01"`:     412,
		`If-Match: "-1"`:     412,
		`If-Match: "0"`:      412,
		`If-Match: W/"1"`:    412,
		`If-Match: "abc"`:    412,
	} {
		var headers []string
		if given != "" {
			headers = []string{given}
		}
		for _, method := range []string{"PUT", "DELETE"} {
			body := map[string]string{"PUT": `{"title":"b"}`}[method]
			got := a.call(method, path, body, headers...)
			assert.Equal(t, status, got.status, "%s %s: %s", method, given, got.body)
			assert.Empty(t, got.faults(t))
			if status == 412 {
				assert.Equal(t, `"1"`, got.headers.Get("ETag"), "it is said which version there is")
			}
		}
	}
	assert.Equal(t, "a", a.call("GET", path, "").field(t, "title"))
}

func TestABodyThatIsNoTaskIsExplained(t *testing.T) {
	a := newAPI(t)
	for body, want := range map[string]struct {
		status int
		fields []string
	}{
		`{`:                      {400, nil},
		`[]`:                     {400, nil},
		`null`:                   {400, nil},
		`{"title":"a"}{}`:        {400, nil},
		`{"title":"a"`:           {400, nil},
		`{"title":5}`:            {422, []string{"title"}},
		`{}`:                     {422, []string{"title"}},
		`{"title":"a","id":"x"}`: {422, []string{"id"}},
		`{"title":"","status":"later","labels":"home","due":"tomorrow","colour":"red"}`: {422, []string{"colour", "due", "labels", "status", "title"}},
		`{"title":"a","due":"2026-02-30T00:00:00Z"}`:                                    {422, []string{"due"}},
		`{"title":"a","due":1}`:                                           {422, []string{"due"}},
		`{"title":"a","labels":["ok","not ok"]}`:                          {422, []string{"labels"}},
		`{"title":"a","description":"` + strings.Repeat("x", 4001) + `"}`: {422, []string{"description"}},
		`{"title":"` + strings.Repeat("x", 70_000) + `"}`:                 {413, nil},
	} {
		got := a.call("POST", "/tasks", body)
		name := body[:min(60, len(body))]
		assert.Equal(t, want.status, got.status, "%s: %s", name, got.body)
		assert.Equal(t, want.fields, got.faults(t), name)
	}
	for _, kind := range []string{"text/plain", "application/json/x", ""} {
		got := a.call("POST", "/tasks", `{"title":"a"}`, "Content-Type: "+kind)
		assert.Equal(t, 415, got.status)
		assert.Empty(t, got.faults(t))
	}
	assert.Equal(t, 201, a.call("POST", "/tasks", `{"title":"a"}`, "Content-Type: application/json; charset=utf-8").status)
}

func TestTheListComesInPages(t *testing.T) {
	a := newAPI(t)
	for _, title := range []string{"a", "b", "c", "d", "e"} {
		a.call("POST", "/tasks", `{"title":"`+title+`","status":"done"}`)
	}
	a.call("POST", "/tasks", `{"title":"f"}`)
	var titles []string
	pages := 0
	for next := "/tasks?limit=2&status=done"; next != ""; pages++ {
		got := a.call("GET", next, "")
		require.Equal(t, 200, got.status, got.body)
		var page struct {
			Tasks []struct{ Title string }
			Next  string
		}
		require.NoError(t, json.Unmarshal([]byte(got.body), &page))
		for _, found := range page.Tasks {
			titles = append(titles, found.Title)
		}
		next = page.Next
	}
	assert.Equal(t, []string{"a", "b", "c", "d", "e"}, titles)
	assert.Equal(t, 3, pages)
	assert.Equal(t, `{"tasks":[]}`+"\n", a.call("GET", "/tasks?after=z", "").body)
	for query, fields := range map[string][]string{
		"limit=0":              {"limit"},
		"limit=501":            {"limit"},
		"limit=many&status=no": {"limit", "status"},
		"limit=1&limit=2":      {"limit"},
		"page=2":               {"page"},
		"limit=%zz":            {""},
	} {
		got := a.call("GET", "/tasks?"+query, "")
		assert.Equal(t, 400, got.status, query)
		assert.Equal(t, fields, got.faults(t), query)
	}
}

func TestWhatThereIsNotIsRefused(t *testing.T) {
	a := newAPI(t)
	for path, allowed := range map[string]string{"/tasks": "GET, HEAD, POST", "/tasks/1": "DELETE, GET, HEAD, PUT", "/health": "GET, HEAD"} {
		got := a.call("PATCH", path, "")
		assert.Equal(t, 405, got.status)
		assert.Equal(t, allowed, got.headers.Get("Allow"))
		assert.Empty(t, got.faults(t))
	}
	for _, path := range []string{"/", "/task", "/tasks/", "/tasks/1/2", "/tasks/none", "/tasks/%2F"} {
		got := a.call("GET", path, "")
		assert.Equal(t, 404, got.status, path)
		assert.Empty(t, got.faults(t))
	}
}

func TestHealthTellsWhatIsAway(t *testing.T) {
	got := newAPI(t).call("GET", "/health", "")
	assert.Equal(t, 503, got.status)
	assert.JSONEq(t, `{"status":"failing","checks":{"store":"ok","moon":"failing"}}`, got.body)
}

func TestAStoreThatFailsIsNoFaultOfTheRequest(t *testing.T) {
	a := newAPI(t)
	require.NoError(t, a.store.Close())
	got := a.call("GET", "/tasks", "")
	assert.Equal(t, 500, got.status)
	assert.Empty(t, got.faults(t))
	assert.NotContains(t, got.body, "sql", "what is wrong inside is said in the log")
}
