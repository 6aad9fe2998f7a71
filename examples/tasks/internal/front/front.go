// Package front is the one address of the system: it passes requests on to its parts, and
// tells how the indexes differ from the store.
package front

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"

	"github.com/millstream-go/millstream/examples/internal/web"
	"github.com/millstream-go/millstream/examples/tasks/internal/client"
	"github.com/millstream-go/millstream/examples/tasks/internal/rest"
)

// Part is a process that serves HTTP.
type Part interface {
	Name() string
	// Address is http://HOST:PORT, or empty while the process is not there.
	Address() string
}

// Front passes requests on.
type Front struct {
	api     Part
	indexes []Part
	client  *client.Client
	logger  *slog.Logger
}

// New returns a front of an API and indexes, of which the first is searched if a request
// names none.
func New(logger *slog.Logger, api Part, indexes ...Part) *Front {
	return &Front{api, indexes, client.New(), logger}
}

// Close lets go of idle connections.
func (f *Front) Close() { f.client.Close() }

// Handler returns the handler of requests.
func (f *Front) Handler() http.Handler {
	mux := http.NewServeMux()
	tasks := f.passOn(f.api, "")
	mux.Handle("/tasks", tasks)
	mux.Handle("/tasks/{id}", tasks)
	mux.HandleFunc("GET /search", f.search)
	mux.HandleFunc("POST /indexes/{index}/rebuild", f.rebuild)
	mux.HandleFunc("GET /stats", f.stats)
	mux.HandleFunc("GET /health", web.Health(f.checks(), f.logger))
	return web.Handler(mux, "GET /health")
}

func (f *Front) search(w http.ResponseWriter, r *http.Request) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil { // it would not be passed on as it is
		web.Refuse(w, http.StatusBadRequest, "the query of the URL is malformed: "+err.Error())
		return
	}
	names := values["index"]
	if len(names) == 0 {
		names = []string{f.indexes[0].Name()}
	}
	part := f.index(names[0])
	if part == nil || len(names) > 1 {
		web.Refuse(w, http.StatusBadRequest, "the URL has wrong parameters", web.Field{Field: "index", Detail: "must be " + f.choices()})
		return
	}
	f.passOn(part, "/search").ServeHTTP(w, r)
}

func (f *Front) rebuild(w http.ResponseWriter, r *http.Request) {
	part := f.index(r.PathValue("index"))
	if part == nil {
		web.Refuse(w, http.StatusNotFound, "there is no such index: it must be "+f.choices())
		return
	}
	f.passOn(part, "/rebuild").ServeHTTP(w, r)
}

func (f *Front) index(name string) Part {
	for _, part := range f.indexes {
		if part.Name() == name {
			return part
		}
	}
	return nil
}

func (f *Front) choices() string {
	var names []string
	for _, part := range f.indexes {
		names = append(names, part.Name())
	}
	return strings.Join(names, " or ")
}

// passOn returns a handler that has a part answer, at the path if one is given.
func (f *Front) passOn(part Part, path string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		target, err := url.Parse(part.Address())
		if err != nil || target.Host == "" {
			away(w, part)
			return
		}
		// A part that refuses a body while it still comes may not be heard.
		body, problem := web.ReadBody(w, r, rest.MaxBody)
		if problem != nil {
			problem.Write(w)
			return
		}
		r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
		f.proxy(part, target, path).ServeHTTP(w, r)
	})
}

func (f *Front) proxy(part Part, target *url.URL, path string) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(target)
			if path != "" {
				p.Out.URL.Path = path
			}
		},
		// It died in the middle, or is only just coming.
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { away(w, part) },
		Transport:    f.client.Transport(),
	}
}

func away(w http.ResponseWriter, part Part) {
	w.Header().Set("Retry-After", "1")
	web.Refuse(w, http.StatusServiceUnavailable, "the process "+part.Name()+" is not there just now; what it was asked last it may have done")
}

// checks are that each part is well.
func (f *Front) checks() web.Checks {
	checks := make(web.Checks)
	for _, part := range append([]Part{f.api}, f.indexes...) {
		checks[part.Name()] = func(ctx context.Context) error {
			return f.client.Get(ctx, part.Address()+"/health", nil)
		}
	}
	return checks
}
