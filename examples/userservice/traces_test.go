package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/otlptest"
	"github.com/millstream-go/millstream/internal/redistest"
)

func TestOneTraceGoesFromTheRequestThroughAllProcesses(t *testing.T) {
	t.Parallel()
	server, collector, file := redistest.Start(t), otlptest.Start(t), database(t)
	env := []string{"OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "OTEL_EXPORTER_OTLP_ENDPOINT=" + collector.Endpoint(), "OTEL_BSP_SCHEDULE_DELAY=1"}
	api := serveIn(t, env, "-role", "api", "-redis", server.URL(), "-db", file)
	workers := serveIn(t, env, "-role", "workers", "-redis", server.URL(), "-db", file)

	const trace = "0123456789abcdef0123456789abcdef"
	got := api.ask(t, http.MethodPost, "/users", `{"name":"Ada Lovelace","email":"ada@secret.example"}`,
		"Traceparent", "00-"+trace+"-0123456789abcdef-01")
	require.Equal(t, http.StatusCreated, got.status)

	ways := []string{
		"POST /users",
		"POST /users > send {users}:registered",
		"POST /users > send {users}:registered > process {users}:registered (analytics)",
		"POST /users > send {users}:registered > process {users}:registered (email)",
		"POST /users > send {users}:registered > process {users}:registered (live)",
		"POST /users > send {users}:registered > process {users}:registered (live) > send {users-live}:registered",
		"POST /users > send {users}:registered > process {users}:registered (live) > send {users-live}:registered > process {users-live}:registered",
	}
	spans := collector.WaitForSpans(t, "the last one", func(spans []otlptest.Span) bool { return len(waysIn(spans, trace)) >= len(ways) })
	assert.ElementsMatch(t, ways, waysIn(spans, trace))
	api.end(t)
	workers.end(t)

	services := map[string]bool{}
	for _, span := range collector.Spans() {
		services[span.Service] = true
		assert.NotContains(t, fmt.Sprint(span), "secret.example")
		assert.NotContains(t, fmt.Sprint(span), "Lovelace")
		if span.Name == "POST /users" {
			assert.Equal(t, "SERVER", span.Kind)
			assert.Equal(t, "/users", span.Attributes["http.route"])
			assert.EqualValues(t, http.StatusCreated, span.Attributes["http.response.status_code"])
		}
	}
	assert.Equal(t, map[string]bool{"userservice-api": true, "userservice-workers": true}, services)
	for _, metric := range collector.Metrics() {
		assert.NotContains(t, fmt.Sprint(metric), "secret.example")
	}
}

// waysIn returns the way from the root to each span of a trace.
func waysIn(spans []otlptest.Span, trace string) (ways []string) {
	byID := map[string]otlptest.Span{}
	for _, span := range spans {
		byID[span.SpanID] = span
	}
	for _, span := range spans {
		if span.TraceID != trace {
			continue
		}
		var way []string
		for at, ok := span, true; ok; at, ok = byID[at.Parent] {
			name := at.Name
			if group, ok := at.Attributes["messaging.consumer.group.name"].(string); ok && strings.HasPrefix(name, "process {users}:") {
				name += " (" + group + ")"
			}
			way = append([]string{name}, way...)
		}
		ways = append(ways, strings.Join(way, " > "))
	}
	return ways
}
