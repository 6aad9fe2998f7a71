package http

import (
	"net/http"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// traces makes a span of each request, with the attributes of OpenTelemetry's semantic
// conventions for HTTP servers. Neither query nor body is one of them.
type traces struct{ tracer trace.Tracer }

func (a *API) traces() traces {
	provider := a.TracerProvider
	if provider == nil {
		provider = otel.GetTracerProvider()
	}
	return traces{provider.Tracer("github.com/millstream-go/millstream/examples/userservice")}
}

// traced wraps the handler of a route, which goes on in the client's trace if it has one.
func (t traces) traced(route string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx := otel.GetTextMapPropagator().Extract(r.Context(), propagation.HeaderCarrier(r.Header))
		ctx, span := t.tracer.Start(ctx, r.Method+" "+route, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
			attribute.String("http.request.method", r.Method),
			attribute.String("http.route", route),
			attribute.String("url.path", r.URL.Path),
			attribute.String("url.scheme", "http"),
		))
		defer span.End()
		noted := &status{ResponseWriter: w, code: http.StatusOK}
		next(noted, r.WithContext(ctx))
		span.SetAttributes(attribute.Int("http.response.status_code", noted.code))
		if noted.code >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, "")
		}
	}
}

// status notes what a request was answered with.
type status struct {
	http.ResponseWriter
	code int
}

// WriteHeader notes the code.
func (s *status) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

// Unwrap is for http.ResponseController.
func (s *status) Unwrap() http.ResponseWriter { return s.ResponseWriter }
