package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
)

// print writes a trace as text: when each span began, how long it took, and where in the
// tree it is.
func (t *trace) print(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "trace %s: %d spans, %s ms, service %s, began %s\n\n",
		t.id, len(t.spans), milliseconds(t.took), t.service(), t.began.Format(time.RFC3339))
	fmt.Fprintf(out, "%10s %10s\n", "at ms", "took ms")
	for _, s := range t.spans {
		indent := strings.Repeat("  ", s.depth)
		fmt.Fprintf(out, "%10s %10s  %s\n", milliseconds(s.from), milliseconds(s.took), indent+s.title()+" ("+s.kind+")"+s.note())
		for _, e := range s.events {
			fmt.Fprintf(out, "%10s %10s  %s  * %s\n", milliseconds(e.at), "", indent, e.label()+e.cause())
		}
	}
	return out.Flush()
}

func (t *trace) service() string {
	if len(t.spans) == 0 {
		return ""
	}
	return t.spans[0].service
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.2f", float64(d.Microseconds())/1000)
}

// title is the span's name, and the stage that it is a run of.
func (s *span) title() string {
	if stage := s.text("millstream.handler"); stage != "" {
		return s.name + " at " + stage
	}
	return s.name
}

// note tells what came of a run.
func (s *span) note() (note string) {
	for _, part := range []struct{ key, name string }{
		{"millstream.outcome", ""},
		{"millstream.poison_kind", ""},
		{"millstream.attempt", "attempt "},
		{"millstream.retries", "retries "},
		{"millstream.wait_ms", "waited ms "},
		{"error.type", "error "},
	} {
		if value := s.attributes[part.key]; value != nil {
			note += ", " + part.name + base(value)
		}
	}
	return note
}

// subtitle is what the picture says below a span's name.
func (s *span) subtitle() string {
	stage := s.text("millstream.handler")
	if stage == "" {
		return ""
	}
	text := "stage " + stage + ": " + s.text("millstream.outcome")
	if n := s.attributes["millstream.retries"]; n != nil {
		text += fmt.Sprintf(", %v retries", n)
	}
	if wait := s.wait(); wait > 0 {
		text += fmt.Sprintf(", waited %d ms", wait.Milliseconds())
	}
	return text
}

// shortLabel is an event's label without the name that all of them begin with.
func shortLabel(e event) string { return strings.TrimPrefix(e.label(), "millstream.") }

// cause tells why an event was.
func (e event) cause() string {
	if value := e.attributes["exception.type"]; value != nil {
		return ": " + base(value)
	}
	return ""
}

// base cuts the path off the name of a type.
func base(value any) string {
	text := fmt.Sprint(value)
	return text[strings.LastIndex(text, "/")+1:]
}
