package http

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/millstream-go/millstream/examples/userservice/internal/application"
)

// API is what a process serves. What is nil in it is served by another process.
type API struct {
	Registration *application.Registration
	Users        application.Users
	Tally        application.Tally
	Hub          *Hub
	// Mails returns what the mail server took and what was given up, for JSON.
	Mails func(context.Context) (any, error)
	// Outage has the mail server fail for a time.
	Outage func(time.Duration)
	// Checks are what must work for the process to be healthy, by name.
	Checks map[string]func(context.Context) error
	Logger *slog.Logger
	// TracerProvider makes the spans of requests.
	TracerProvider trace.TracerProvider
}

// Handler returns the handler of all requests. Streams under way end when ctx does.
func (a *API) Handler(ctx context.Context) http.Handler {
	mux := http.NewServeMux()
	t := a.traces()
	route := func(path string, m methods) { mux.Handle(path, m) }
	route("/health", methods{http.MethodGet: a.health})
	if a.Registration != nil {
		route("/users", methods{http.MethodGet: t.traced("/users", a.list), http.MethodPost: t.traced("/users", a.register)})
		route("/users/{id}", methods{http.MethodGet: t.traced("/users/{id}", a.user)})
		route("/analytics", methods{http.MethodGet: t.traced("/analytics", a.analytics)})
		// Open for as long as somebody looks, which is no span.
		route("/events", methods{http.MethodGet: a.events(ctx)})
		route("/{$}", methods{http.MethodGet: asset("page.html", "text/html; charset=utf-8")})
		route("/page.js", methods{http.MethodGet: asset("page.js", "text/javascript; charset=utf-8")})
		route("/page.css", methods{http.MethodGet: asset("page.css", "text/css; charset=utf-8")})
	}
	if a.Mails != nil {
		route("/mails", methods{http.MethodGet: t.traced("/mails", a.mails)})
	}
	if a.Outage != nil {
		route("/mails/outage", methods{http.MethodPost: t.traced("/mails/outage", a.outage)})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		Problem{Status: http.StatusNotFound, Detail: "there is nothing at this path in this process"}.write(w)
	})
	// Pages of others cannot have a visitor's browser register somebody here.
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		Problem{Status: http.StatusForbidden, Detail: "the request comes from another site's page"}.write(w)
	}))
	return guard.Handler(mux)
}

// methods are the handlers of one path.
type methods map[string]http.HandlerFunc

// ServeHTTP passes a request on by its method; HEAD is GET without the body.
func (m methods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if handle, ok := m[method]; ok {
		handle(w, r)
		return
	}
	w.Header().Set("Allow", m.allowed())
	Problem{Status: http.StatusMethodNotAllowed, Detail: "this path takes " + m.allowed()}.write(w)
}

// allowed lists the methods.
func (m methods) allowed() string {
	switch {
	case m[http.MethodGet] == nil:
		return "POST"
	case m[http.MethodPost] == nil:
		return "GET, HEAD"
	default:
		return "GET, HEAD, POST"
	}
}
