package main

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// trace is a trace as a tree.
type trace struct {
	id    string
	began time.Time
	took  time.Duration
	// spans are all of them, each behind what it is below.
	spans []*span
}

// span is a span. Times are since the trace began.
type span struct {
	id, parent string
	depth      int
	name, kind string
	service    string
	from, took time.Duration
	attributes map[string]any
	events     []event
}

type event struct {
	name       string
	at         time.Duration
	attributes map[string]any
}

// traceJSON is a trace as Jaeger's API has it. Times are in microseconds.
type traceJSON struct {
	TraceID   string     `json:"traceID"`
	Spans     []spanJSON `json:"spans"`
	Processes map[string]struct {
		Service string `json:"serviceName"`
	} `json:"processes"`
}

type spanJSON struct {
	SpanID     string `json:"spanID"`
	Name       string `json:"operationName"`
	References []struct {
		Type    string `json:"refType"`
		TraceID string `json:"traceID"`
		SpanID  string `json:"spanID"`
	} `json:"references"`
	Start    int64      `json:"startTime"`
	Duration int64      `json:"duration"`
	Tags     []pairJSON `json:"tags"`
	Logs     []struct {
		At     int64      `json:"timestamp"`
		Fields []pairJSON `json:"fields"`
	} `json:"logs"`
	Process string `json:"processID"`
}

type pairJSON struct {
	Key   string `json:"key"`
	Value any    `json:"value"`
}

func valuesOf(pairs []pairJSON) map[string]any {
	values := make(map[string]any, len(pairs))
	for _, p := range pairs {
		values[p.Key] = p.Value
	}
	return values
}

// trace builds the tree.
func (t traceJSON) trace() *trace {
	built := &trace{id: t.TraceID}
	if len(t.Spans) == 0 {
		return built
	}
	first := slices.MinFunc(t.Spans, func(a, b spanJSON) int { return cmp.Compare(a.Start, b.Start) }).Start
	built.began = time.UnixMicro(first).UTC()
	known := make(map[string]bool)
	for _, s := range t.Spans {
		known[s.SpanID] = true
	}
	below := make(map[string][]*span)
	for _, s := range t.Spans {
		made := s.span(first)
		made.service = t.Processes[s.Process].Service
		if made.parent = s.parent(t.TraceID); !known[made.parent] {
			made.parent = "" // it may be on its way
		}
		below[made.parent] = append(below[made.parent], made)
		built.took = max(built.took, made.from+made.took)
	}
	built.add(below, "", 0)
	return built
}

// add adds the spans below a parent.
func (t *trace) add(below map[string][]*span, parent string, depth int) {
	slices.SortStableFunc(below[parent], func(a, b *span) int {
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.text("millstream.handler"), b.text("millstream.handler")), cmp.Compare(a.from, b.from))
	})
	for _, s := range below[parent] {
		s.depth = depth
		t.spans = append(t.spans, s)
		t.add(below, s.id, depth+1)
	}
}

// parent returns the id of the span that this one is below; empty if it is a root. Of a
// parent that is linked to as well some versions of Jaeger tell only the link.
func (s spanJSON) parent(traceID string) (id string) {
	for _, r := range s.References {
		switch {
		case r.TraceID != traceID:
		case r.Type == "CHILD_OF":
			return r.SpanID
		case id == "":
			id = r.SpanID
		}
	}
	return id
}

func (s spanJSON) span(first int64) *span {
	since := func(at int64) time.Duration { return time.Duration(at-first) * time.Microsecond }
	made := &span{
		id: s.SpanID, name: s.Name,
		from: since(s.Start), took: time.Duration(s.Duration) * time.Microsecond,
		attributes: valuesOf(s.Tags),
	}
	made.kind = made.text("span.kind")
	for _, l := range s.Logs {
		e := event{at: since(l.At), attributes: valuesOf(l.Fields)}
		e.name, _ = e.attributes["event"].(string)
		made.events = append(made.events, e)
	}
	return made
}

// text returns an attribute that is a string.
func (s *span) text(key string) string {
	text, _ := s.attributes[key].(string)
	return text
}

// wait is how long before it began the message came to its stream.
func (s *span) wait() time.Duration {
	ms, _ := s.attributes["millstream.wait_ms"].(float64) // as all numbers in JSON
	return time.Duration(ms) * time.Millisecond
}

func (s *span) failed() bool { return s.attributes["otel.status_code"] == "ERROR" }
