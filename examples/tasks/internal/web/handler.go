package web

import (
	"net/http"
	"slices"
	"strings"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// Handler serves the routes of mux, in a span for each request that goes on in the caller's
// trace, if there is one. What there is no route for is refused with a problem.
func Handler(mux *http.ServeMux) http.Handler {
	tracer := otel.Tracer("github.com/millstream-go/millstream/examples/tasks")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := otel.GetTextMapPropagator().Extract(r.Context(), propagation.HeaderCarrier(r.Header))
		_, pattern := mux.Handler(r)
		// The path itself is not recorded: of the query of a search, and of whatever somebody
		// tries, nothing belongs into a trace.
		ctx, span := tracer.Start(ctx, spanName(r.Method, pattern), trace.WithSpanKind(trace.SpanKindServer),
			trace.WithAttributes(semconv.HTTPRequestMethodKey.String(method(r.Method)), semconv.URLScheme("http")))
		defer span.End()
		if pattern != "" {
			span.SetAttributes(semconv.HTTPRoute(route(pattern)))
		}
		answer := &answer{ResponseWriter: w, status: http.StatusOK}
		if r = r.WithContext(ctx); pattern == "" {
			unrouted(answer, r, mux)
		} else {
			mux.ServeHTTP(answer, r)
		}
		span.SetAttributes(semconv.HTTPResponseStatusCode(answer.status))
		if answer.status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, "")
		}
	})
}

// unrouted refuses what mux has no route for, as that would, with a problem.
func unrouted(w http.ResponseWriter, r *http.Request, mux *http.ServeMux) {
	handler, _ := mux.Handler(r)
	refusal := &refusal{header: make(http.Header), status: http.StatusOK}
	handler.ServeHTTP(refusal, r)
	if allowed := refusal.header.Get("Allow"); refusal.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", allowed)
		Refuse(w, refusal.status, "this resource takes "+allowed)
		return
	}
	Refuse(w, http.StatusNotFound, "there is nothing at this path")
}

// refusal is what mux would answer.
type refusal struct {
	header http.Header
	status int
}

// Header returns the headers.
func (r *refusal) Header() http.Header { return r.header }

// Write takes the text of an answer, which is of no use.
func (r *refusal) Write(p []byte) (int, error) { return len(p), nil }

// WriteHeader takes the status.
func (r *refusal) WriteHeader(status int) { r.status = status }

// answer notes the status of an answer.
type answer struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the status.
func (a *answer) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// spanName is of low cardinality, as the conventions want it.
func spanName(name, pattern string) string {
	if name = method(name); name == other {
		name = "HTTP"
	}
	return strings.TrimSpace(name + " " + route(pattern))
}

// other stands for methods that clients make up.
const other = "_OTHER"

func method(name string) string {
	if slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE"}, name) {
		return name
	}
	return other
}

// route returns the path of a pattern, which may have a method before it.
func route(pattern string) string {
	if _, path, ok := strings.Cut(pattern, " "); ok {
		return path
	}
	return pattern
}
