package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/internal/apptest"
	"github.com/millstream-go/millstream/internal/otlptest"
)

// tree shows what is below a span, one span a line.
func tree(spans []otlptest.Span, parent string) (lines []string) {
	for _, s := range spans {
		if s.Parent != parent {
			continue
		}
		line := s.Service + ": " + s.Name
		below := tree(spans, s.SpanID)
		lines = append(lines, line)
		for _, b := range below {
			lines = append(lines, "  "+b)
		}
	}
	return lines
}

func TestOneTraceGoesFromTheRequestToBothIndexes(t *testing.T) {
	t.Parallel()
	collector := otlptest.Start(t)
	p := apptest.Start(t, apptest.Command{Args: []string{"serve", "-http", "localhost:0"}, Env: []string{
		"OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "OTEL_EXPORTER_OTLP_ENDPOINT=" + collector.Endpoint(), "OTEL_BSP_SCHEDULE_DELAY=10",
	}})
	w := site{t, p.Await(t, `goes on serving at (\S+) until`)}
	got := w.call("POST", "/tasks", `{"title":"Hush money","description":"hush","labels":["hush"]}`)
	require.Equal(t, 201, got.status)
	w.awaitFound("q=hush&index=streams", 1)
	w.awaitFound("q=hush&index=pubsub", 1)

	ofPost := func(all []otlptest.Span) (trace []otlptest.Span) {
		i := slices.IndexFunc(all, func(s otlptest.Span) bool { return s.Service == "tasks" && s.Name == "POST /tasks" })
		for _, s := range all {
			if i >= 0 && s.TraceID == all[i].TraceID {
				trace = append(trace, s)
			}
		}
		return trace
	}
	all := collector.WaitForSpans(t, "the whole trace", func(all []otlptest.Span) bool { return len(ofPost(all)) >= 8 })
	trace := ofPost(all)
	lines := tree(trace, "")
	assert.Len(t, lines, len(trace), "it hangs together")
	// The two stages on the stream are in no order.
	slices.SortFunc(trace, func(a, b otlptest.Span) int { return strings.Compare(a.Service+a.Name, b.Service+b.Name) })
	assert.Equal(t, strings.Split(strings.TrimSpace(`
tasks: POST /tasks
  tasks: POST
    tasks-api: POST /tasks
      tasks-api: send {tasks}:events
        tasks-api: process {tasks}:events
          tasks-api: send tasks.event.created
            tasks-index-pubsub: process tasks.event.*
        tasks-index-streams: process {tasks}:events`), "\n"), tree(trace, ""))
	server := trace[slices.IndexFunc(trace, func(s otlptest.Span) bool { return s.Service == "tasks-api" && s.Kind == "SERVER" })]
	assert.Equal(t, "/tasks", server.Attributes["http.route"])
	assert.EqualValues(t, 201, server.Attributes["http.response.status_code"])

	ends(t, p)
	// What is in a task, or looked for, is in no span and no metric.
	said := strings.ToLower(fmt.Sprint(collector.Spans(), collector.Metrics(), p.Stderr()))
	assert.NotContains(t, said, "hush")
}
