package web

import (
	"context"
	"net/http"
	"time"
)

// Handler serves the routes, traced, and answers what they do not know as problems.
func Handler(routes *http.ServeMux) http.Handler {
	return traced(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler, pattern := routes.Handler(r)
		if pattern != "" {
			routes.ServeHTTP(w, r) // which sets the request's path values
			return
		}
		status := &statusOnly{header: http.Header{}}
		handler.ServeHTTP(status, r)
		for _, name := range []string{"Allow", "Location"} {
			if value := status.header.Get(name); value != "" {
				w.Header().Set(name, value)
			}
		}
		detail := "there is nothing at this path"
		if status.code == http.StatusMethodNotAllowed {
			detail = "this path takes " + status.header.Get("Allow")
		}
		NewProblem(status.code, detail).Write(w)
	}))
}

// statusOnly is an answer of which only the head counts.
type statusOnly struct {
	header http.Header
	code   int
}

func (s *statusOnly) Header() http.Header         { return s.header }
func (s *statusOnly) WriteHeader(code int)        { s.code = code }
func (s *statusOnly) Write(p []byte) (int, error) { return len(p), nil }

// healthTimeout bounds how long a check may take.
const healthTimeout = 2 * time.Second

// Health answers 200 if all checks pass, and else 503 and which do not.
func Health(checks map[string]func(context.Context) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), healthTimeout)
		defer cancel()
		problem := NewProblem(http.StatusServiceUnavailable, "something that this needs is away")
		for name, check := range checks {
			if check(ctx) != nil {
				problem.Errors = append(problem.Errors, Field{name, "does not answer as it should"})
			}
		}
		if problem.Errors != nil {
			problem.Write(w)
			return
		}
		WriteJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	}
}
