package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/otlptest"
)

// way tells the way up from a span to the root of its trace: service, kind and name of each.
func way(spans []otlptest.Span, from otlptest.Span) string {
	byID := make(map[string]otlptest.Span, len(spans))
	for _, span := range spans {
		byID[span.SpanID] = span
	}
	var steps []string
	for span, ok := from, true; ok; span, ok = byID[span.Parent] {
		if span.TraceID != from.TraceID {
			return "another trace"
		}
		step := strings.TrimPrefix(span.Service, "alerts-") + " " + span.Kind + " " + strings.ReplaceAll(span.Name, "{alerts}:", "")
		steps = append([]string{step}, steps...)
		if span.Parent == "" {
			break
		}
	}
	return strings.Join(steps, "\n")
}

func TestOneTraceLeadsFromTheProducerThroughAllProcessesToTheNotifier(t *testing.T) {
	t.Parallel()
	p, collector := newPlant(t), otlptest.Start(t)
	p.env = append(p.env, "OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "OTEL_EXPORTER_OTLP_ENDPOINT="+collector.Endpoint(), "OTEL_BSP_SCHEDULE_DELAY=10")
	_, notifierURL := p.notifier(t)
	p.consumer(t, notifierURL)
	p.produce(t, `{"id":"unseen-1","severity":"critical","host":"unseen","service":"unseen","summary":"unseen"}`)
	p.produce(t, `{"id":"unseen-2","severity":"warning","host":"unseen","service":"unseen","summary":"unseen"}`)
	p.produce(t, `{"id":"unseen-3","severity":"critical","host":"unseen","service":"legacy","summary":"unseen"}`)

	want := []string{`produce PRODUCER send raised
consume CONSUMER process raised
consume PRODUCER send critical
consume CONSUMER process critical
consume CLIENT POST
notify SERVER POST /pages`, `produce PRODUCER send raised
consume CONSUMER process raised
consume PRODUCER send warning
consume CONSUMER process warning
consume PRODUCER send gather
consume CONSUMER process gather
consume PRODUCER send digest
consume CONSUMER process digest
consume CLIENT POST
notify SERVER POST /tickets`, `produce PRODUCER send raised
consume CONSUMER process raised
consume PRODUCER send critical
consume CONSUMER process critical
consume PRODUCER send poison`}
	ways := func(spans []otlptest.Span) map[string]int {
		all := make(map[string]int)
		for _, span := range spans {
			all[way(spans, span)]++
		}
		return all
	}
	spans := collector.WaitForSpans(t, "three whole traces", func(spans []otlptest.Span) bool {
		all := ways(spans)
		return all[want[0]] == 2 && all[want[1]] == 1 && all[want[2]] == 1
	})
	traces := make(map[string]bool)
	unseen := regexp.MustCompile(`unseen`)
	for _, span := range spans {
		traces[span.TraceID] = true
		// The name of a message is in its spans; nothing else of an alert is.
		delete(span.Attributes, "messaging.message.id")
		assert.NotRegexp(t, unseen, fmt.Sprintf("%+v", span))
		if span.Kind == "SERVER" {
			assert.Contains(t, []any{int64(200), int64(422)}, span.Attributes["http.response.status_code"])
			assert.Equal(t, "POST", span.Attributes["http.request.method"])
			assert.Contains(t, []any{"/pages", "/tickets"}, span.Attributes["http.route"])
		}
	}
	require.Len(t, traces, 3)
}
