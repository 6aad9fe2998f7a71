package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

const scope = "github.com/millstream-go/millstream/examples/internal/web"

// Handler serves the routes of mux, in a span for each request that goes on in the caller's
// trace, if there is one. What there is no route for is refused with a problem. Routes whose
// patterns are given as open answer without end, or are asked all the time, and have no span.
func Handler(mux *http.ServeMux, open ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, pattern := mux.Handler(r)
		switch {
		case pattern == "":
			traced(w, r, "", func(w http.ResponseWriter, r *http.Request) { unrouted(w, r, mux) })
		case slices.Contains(open, pattern):
			mux.ServeHTTP(w, r)
		default:
			traced(w, r, pattern, mux.ServeHTTP)
		}
	})
}

// traced serves a request in a span. The path itself is not recorded, but its pattern: of
// what is searched for, and of whatever somebody tries, nothing belongs into a trace.
func traced(w http.ResponseWriter, r *http.Request, pattern string, next http.HandlerFunc) {
	ctx := otel.GetTextMapPropagator().Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	ctx, span := otel.Tracer(scope).Start(ctx, spanName(r.Method, pattern), trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(semconv.HTTPRequestMethodKey.String(method(r.Method)), semconv.URLScheme("http")))
	defer span.End()
	if pattern != "" {
		span.SetAttributes(semconv.HTTPRoute(route(pattern)))
	}
	answer := &answer{ResponseWriter: w, status: http.StatusOK}
	next(answer, r.WithContext(ctx))
	answered(span, answer.status, http.StatusInternalServerError)
}

// answered records the status of an answer, and that it is an error from a status on.
func answered(span trace.Span, status, wrong int) {
	span.SetAttributes(semconv.HTTPResponseStatusCode(status))
	if status >= wrong {
		span.SetStatus(codes.Error, "")
		span.SetAttributes(semconv.ErrorTypeKey.String(strconv.Itoa(status)))
	}
}

// unrouted refuses what mux has no route for, as that would, with a problem.
func unrouted(w http.ResponseWriter, r *http.Request, mux *http.ServeMux) {
	handler, _ := mux.Handler(r)
	head := &head{header: make(http.Header), status: http.StatusOK}
	handler.ServeHTTP(head, r)
	if allowed := head.header.Get("Allow"); head.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", allowed)
		Refuse(w, head.status, "this path takes "+allowed)
		return
	}
	Refuse(w, http.StatusNotFound, "there is nothing at this path")
}

// head is of what mux would answer.
type head struct {
	header http.Header
	status int
}

// Header returns the headers.
func (h *head) Header() http.Header { return h.header }

// Write takes the text, which is of no use.
func (h *head) Write(p []byte) (int, error) { return len(p), nil }

// WriteHeader takes the status.
func (h *head) WriteHeader(status int) { h.status = status }

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
	if name = method(name); name == otherMethod {
		name = "HTTP"
	}
	return strings.TrimSpace(name + " " + route(pattern))
}

// otherMethod stands for those that clients make up.
const otherMethod = "_OTHER"

func method(name string) string {
	if slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE"}, name) {
		return name
	}
	return otherMethod
}

// route returns the path of a pattern, which may have a method before it.
func route(pattern string) string {
	if _, path, ok := strings.Cut(pattern, " "); ok {
		return path
	}
	return pattern
}
