// Package find is the HTTP interface of an index.
package find

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"

	"github.com/millstream-go/millstream/examples/internal/web"
	"github.com/millstream-go/millstream/examples/tasks/internal/index"
	"github.com/millstream-go/millstream/examples/tasks/internal/params"
	"github.com/millstream-go/millstream/examples/tasks/internal/task"
)

// How many hits a page has, and how far pages go: bleve sorts all hits up to there.
const (
	defaultLimit, maxLimit = 10, 100
	maxOffset              = 10_000
)

// How many tasks a page of the whole index has.
const defaultPage, maxPage = 50, 500

// Config is what the interface shows.
type Config struct {
	Index *index.Index
	// Rebuild makes the index anew, and returns of how many events. Its error may wrap
	// index.ErrRebuilding, task.ErrNoHistory and task.ErrUnreadable.
	Rebuild func(context.Context) (int, error)
	// Stats returns what to tell beside the number of documents.
	Stats  func() map[string]any
	Checks web.Checks
	Logger *slog.Logger
}

type api struct{ Config }

// New returns the handler of the interface.
func New(c Config) http.Handler {
	a := api{c}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /search", a.search)
	mux.HandleFunc("GET /documents", a.documents)
	mux.HandleFunc("POST /rebuild", a.rebuild)
	mux.HandleFunc("GET /stats", a.stats)
	mux.HandleFunc("GET /health", web.Health(c.Checks, c.Logger))
	return web.Handler(mux, "GET /health")
}

// results are a page of what was found.
type results struct {
	Total uint64      `json:"total"`
	Hits  []index.Hit `json:"hits"`
	Next  string      `json:"next,omitempty"`
}

func (a api) search(w http.ResponseWriter, r *http.Request) {
	// The index is chosen before a request comes here.
	p := params.Of(r, "q", "status", "limit", "offset", "index")
	s := index.Search{
		Query: p.Text("q"), Status: p.Status("status"),
		Limit: p.Number("limit", defaultLimit, 1, maxLimit), Offset: p.Number("offset", 0, 0, maxOffset),
	}
	if p.Wrong(w) {
		return
	}
	found, err := a.Index.Search(r.Context(), s)
	if malformed, ok := errors.AsType[*index.QueryError](err); ok {
		web.Refuse(w, http.StatusBadRequest, malformed.Error(), web.Field{Field: "q", Detail: malformed.Reason})
		return
	}
	if err != nil {
		web.Fail(w, r, a.Logger, err)
		return
	}
	answer := results{Total: found.Total, Hits: found.Hits}
	if end := s.Offset + len(found.Hits); uint64(end) < found.Total && end <= maxOffset && len(found.Hits) > 0 {
		next := r.URL.Query()
		next.Set("offset", strconv.Itoa(end))
		answer.Next = "/search?" + next.Encode()
	}
	web.Answer(w, http.StatusOK, answer)
}

// page is a part of the whole index, as of the whole store.
type page struct {
	Tasks []task.Task `json:"tasks"`
	Next  string      `json:"next,omitempty"`
}

func (a api) documents(w http.ResponseWriter, r *http.Request) {
	p := params.Of(r, "after", "limit")
	limit := p.Number("limit", defaultPage, 1, maxPage)
	if p.Wrong(w) {
		return
	}
	tasks, err := a.Index.List(r.Context(), p.Text("after"), limit+1)
	if err != nil {
		web.Fail(w, r, a.Logger, err)
		return
	}
	answer := page{Tasks: tasks}
	if len(tasks) > limit {
		answer.Tasks = tasks[:limit]
		answer.Next = "/documents?" + url.Values{"after": {tasks[limit-1].ID}, "limit": {strconv.Itoa(limit)}}.Encode()
	}
	web.Answer(w, http.StatusOK, answer)
}

func (a api) rebuild(w http.ResponseWriter, r *http.Request) {
	events, err := a.Rebuild(r.Context())
	switch {
	case errors.Is(err, index.ErrRebuilding), errors.Is(err, task.ErrNoHistory):
		web.Refuse(w, http.StatusConflict, err.Error())
	case errors.Is(err, task.ErrUnreadable):
		a.Logger.WarnContext(r.Context(), "an index cannot be rebuilt", "err", err)
		w.Header().Set("Retry-After", "1")
		web.Refuse(w, http.StatusServiceUnavailable, task.ErrUnreadable.Error()+": try again when /health is well; the index is as it was")
	case err != nil:
		web.Fail(w, r, a.Logger, err)
	default:
		web.Answer(w, http.StatusOK, map[string]int{"events": events})
	}
}

func (a api) stats(w http.ResponseWriter, r *http.Request) {
	n, err := a.Index.Count(r.Context())
	if err != nil {
		web.Fail(w, r, a.Logger, err)
		return
	}
	stats := a.Stats()
	stats["documents"] = n
	web.Answer(w, http.StatusOK, stats)
}
