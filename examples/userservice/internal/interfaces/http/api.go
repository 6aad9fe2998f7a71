package http

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/millstream-go/millstream/examples/internal/web"
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
	// Checks are what must work for the process to be healthy.
	Checks web.Checks
	Logger *slog.Logger
}

// Handler returns the handler of all requests. Streams under way end when ctx does.
func (a *API) Handler(ctx context.Context) http.Handler {
	mux := http.NewServeMux()
	// Asked all the time, open for as long as somebody looks, or a file: no spans.
	var untraced []string
	plain := func(pattern string, handle http.HandlerFunc) {
		untraced = append(untraced, pattern)
		mux.HandleFunc(pattern, handle)
	}
	plain("GET /health", web.Health(a.Checks, a.Logger))
	if a.Registration != nil {
		mux.HandleFunc("GET /users", a.list)
		mux.HandleFunc("POST /users", a.register)
		mux.HandleFunc("GET /users/{id}", a.user)
		mux.HandleFunc("GET /analytics", a.analytics)
		plain("GET /events", a.events(ctx))
		plain("GET /{$}", asset("page.html", "text/html; charset=utf-8"))
		plain("GET /page.js", asset("page.js", "text/javascript; charset=utf-8"))
		plain("GET /page.css", asset("page.css", "text/css; charset=utf-8"))
	}
	if a.Mails != nil {
		mux.HandleFunc("GET /mails", a.mails)
	}
	if a.Outage != nil {
		mux.HandleFunc("POST /mails/outage", a.outage)
	}
	// Pages of others cannot have a visitor's browser register somebody here.
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		web.Refuse(w, http.StatusForbidden, "the request comes from another site's page")
	}))
	return guard.Handler(web.Handler(mux, untraced...))
}
