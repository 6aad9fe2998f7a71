package web

import (
	"net/http"
	"strings"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

const scope = "github.com/millstream-go/millstream/examples/payments"

// traced makes a span of each request, below that of its client.
func traced(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := otel.GetTextMapPropagator().Extract(r.Context(), propagation.HeaderCarrier(r.Header))
		ctx, span := otel.Tracer(scope).Start(ctx, r.Method, trace.WithSpanKind(trace.SpanKindServer),
			trace.WithAttributes(attribute.String("http.request.method", r.Method), attribute.String("url.scheme", "http")))
		defer span.End()
		kept := &status{ResponseWriter: w, code: http.StatusOK}
		r = r.WithContext(ctx)
		next.ServeHTTP(kept, r)
		// The pattern, not the path: what is in a path is not for whoever reads traces.
		if _, route, ok := strings.Cut(r.Pattern, " "); ok {
			span.SetName(r.Method + " " + route)
			span.SetAttributes(attribute.String("http.route", route))
		}
		answered(span, kept.code, http.StatusInternalServerError)
	})
}

// answered records the status of an answer, and that it is an error from a status on.
func answered(span trace.Span, code, wrong int) {
	span.SetAttributes(attribute.Int("http.response.status_code", code))
	if code >= wrong {
		span.SetStatus(codes.Error, "")
		span.SetAttributes(attribute.String("error.type", http.StatusText(code)))
	}
}

// status keeps the status of an answer.
type status struct {
	http.ResponseWriter
	code int
}

func (s *status) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

// Unwrap lets http.ResponseController see what is behind it.
func (s *status) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// Transport makes a span of each request of a client and sends its context along.
type Transport struct{ Base http.RoundTripper }

// RoundTrip implements [http.RoundTripper].
func (t Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, span := otel.Tracer(scope).Start(r.Context(), r.Method, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("http.request.method", r.Method), attribute.String("server.address", r.URL.Hostname())))
	defer span.End()
	r = r.Clone(ctx)
	otel.GetTextMapPropagator().Inject(ctx, propagation.HeaderCarrier(r.Header))
	answer, err := t.Base.RoundTrip(r)
	if err != nil {
		span.SetStatus(codes.Error, "no answer")
		span.SetAttributes(attribute.String("error.type", "no answer"))
		return nil, err
	}
	answered(span, answer.StatusCode, http.StatusBadRequest)
	return answer, nil
}
