package main

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/millstream-go/millstream/examples/orders/internal/intake"
	"github.com/millstream-go/millstream/internal/otlptest"
)

// to returns the environment of a program that exports its traces to a collector.
func to(collector *otlptest.Collector, more ...string) []string {
	return append(more, "OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "OTEL_EXPORTER_OTLP_ENDPOINT="+collector.Endpoint())
}

// traceIn is one trace that came to a collector.
type traceIn struct {
	id       string
	spans    []otlptest.Span
	children map[string][]otlptest.Span // by their parent's id
}

// tracesIn sorts spans into traces, by their ids. Spans that published a batch, and
// belong to no order, are left out.
func tracesIn(spans []otlptest.Span) map[string]*traceIn {
	traces := make(map[string]*traceIn)
	for _, span := range spans {
		if span.Attributes["messaging.batch.message_count"] != nil {
			continue
		}
		t, ok := traces[span.TraceID]
		if !ok {
			t = &traceIn{id: span.TraceID, children: make(map[string][]otlptest.Span)}
			traces[span.TraceID] = t
		}
		t.spans = append(t.spans, span)
		t.children[span.Parent] = append(t.children[span.Parent], span)
	}
	return traces
}

// traceOf returns the one trace that the line of an order has.
func traceOf(t *testing.T, spans []otlptest.Span, lineID string) *traceIn {
	t.Helper()
	var found []*traceIn
	for _, trace := range tracesIn(spans) {
		if slices.ContainsFunc(trace.spans, func(s otlptest.Span) bool { return s.Attributes["messaging.message.id"] == lineID }) {
			found = append(found, trace)
		}
	}
	if len(found) != 1 {
		t.Fatalf("line %s has %d traces, want 1", lineID, len(found))
	}
	return found[0]
}

// tree shows what is below a span, one span a line: its name, its kind, the stage, what
// came of it, the type of its error and its events.
func (t *traceIn) tree(parent string) string {
	var out strings.Builder
	children := slices.SortedFunc(slices.Values(t.children[parent]), func(a, b otlptest.Span) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(stageOf(a), stageOf(b)), a.Start.Compare(b.Start))
	})
	for _, span := range children {
		fmt.Fprintln(&out, show(span))
		for line := range strings.Lines(t.tree(span.SpanID)) {
			out.WriteString("  " + line)
		}
	}
	return out.String()
}

func stageOf(span otlptest.Span) string {
	stage, _ := span.Attributes["millstream.handler"].(string)
	return stage
}

func show(span otlptest.Span) string {
	text := strings.ReplaceAll(span.Name, "{orders}:", "") + " " + span.Kind
	if stage := stageOf(span); stage != "" {
		text += fmt.Sprintf(" at %s: attempt %v, %v", stage, span.Attributes["millstream.attempt"], span.Attributes["millstream.outcome"])
	}
	if kind := span.Attributes["millstream.poison_kind"]; kind != nil {
		text += fmt.Sprint(" ", kind)
	}
	if kind := span.Attributes["error.type"]; kind != nil {
		text += fmt.Sprint(", ", short(kind))
	}
	if span.Status != "UNSET" {
		text += strings.TrimRight(", "+span.Status+" "+span.Description, " ")
	}
	for _, event := range span.Events {
		text += fmt.Sprintf(" [%s", strings.TrimPrefix(event.Name, "millstream."))
		for _, key := range []string{"millstream.attempt", "millstream.poison_kind", "exception.type", "exception.message"} {
			// A wait that a handler asks for has no error.
			if value := event.Attributes[key]; value != nil && event.Name != "millstream.parked" {
				text += fmt.Sprint(" ", short(value))
			}
		}
		text += "]"
	}
	return text
}

// short cuts the path off a type's name.
func short(value any) string {
	text := fmt.Sprint(value)
	return text[strings.LastIndex(text, "/")+1:]
}

// expectTree compares a trace with a drawing of it.
func (t *traceIn) expectTree(tb testing.TB, what, want string) {
	tb.Helper()
	if got, want := strings.TrimSpace(t.tree("")), strings.TrimSpace(strings.ReplaceAll(want, "\t", "  ")); got != want {
		tb.Errorf("the trace of the %s order is\n%s\nwant\n%s", what, got, want)
	}
	shown := strings.Count(t.tree(""), "\n")
	if shown != len(t.spans) {
		tb.Errorf("the trace of the %s order has %d spans, of which %d hang together", what, len(t.spans), shown)
	}
}

// lineIDs returns the ids of the lines.
func lineIDs(t *testing.T, orders []byte) []string {
	t.Helper()
	scanner := intake.NewScanner(bytes.NewReader(orders))
	var ids []string
	for {
		line, err := scanner.Next()
		if err != nil {
			return ids
		}
		ids = append(ids, line.ID)
	}
}

// instances returns how many spans each process sent.
func instances(spans []otlptest.Span) map[any]int {
	n := make(map[any]int)
	for _, span := range spans {
		n[span.Resource["service.instance.id"]]++
	}
	return n
}
