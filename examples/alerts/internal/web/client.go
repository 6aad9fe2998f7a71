package web

import (
	"net"
	"net/http"
	"strconv"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Client is a transport of HTTP with a span for each request, whose context it sends along.
type Client struct{ *http.Transport }

// RoundTrip implements [http.RoundTripper].
func (c Client) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx, span := otel.Tracer(Scope).Start(request.Context(), request.Method, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(requested(request)...))
	defer span.End()
	request = request.Clone(ctx)
	otel.GetTextMapPropagator().Inject(ctx, propagation.HeaderCarrier(request.Header))
	response, err := c.Transport.RoundTrip(request)
	if err != nil {
		span.SetStatus(codes.Error, "no answer")
		return nil, err
	}
	span.SetAttributes(attribute.Int("http.response.status_code", response.StatusCode))
	if response.StatusCode >= http.StatusBadRequest {
		span.SetAttributes(attribute.String("error.type", strconv.Itoa(response.StatusCode)))
		span.SetStatus(codes.Error, "")
	}
	return response, nil
}

// requested returns the attributes that the semantic conventions want of a request.
func requested(request *http.Request) []attribute.KeyValue {
	attributes := []attribute.KeyValue{
		attribute.String("http.request.method", request.Method),
		attribute.String("url.full", request.URL.Redacted()),
		attribute.String("server.address", request.URL.Hostname()),
	}
	if _, port, err := net.SplitHostPort(request.URL.Host); err == nil {
		if n, err := strconv.Atoi(port); err == nil {
			attributes = append(attributes, attribute.Int("server.port", n))
		}
	}
	return attributes
}
