package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"time"
)

// Measures of the picture, in pixels.
const (
	width     = 920
	chartLeft = 316
	chartWide = 520 // the rest is room for the last bars' durations
	top       = 92
	row       = 42
	indent    = 13
)

// Colours.
const (
	inkColour   = "#1f2328"
	mutedColour = "#59636e"
	gridColour  = "#d8dee4"
	waitColour  = "#8c959f"
	eventColour = "#bc4c00"
	errorColour = "#cf222e"
)

var kindColours = map[string]string{"producer": "#0969da", "consumer": "#1a7f37", "client": "#8250df"}

// picture is an SVG that is being drawn.
type picture struct {
	bytes.Buffer
	trace *trace
	rows  map[string]int // the top of each span, by id
}

// svg draws a trace the way that tracing systems show them: one row for each span, on one
// axis of time.
func (t *trace) svg() []byte {
	p := &picture{trace: t, rows: make(map[string]int)}
	height := top + row*len(t.spans) + 66
	fmt.Fprintf(p, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" `+
		`font-family="-apple-system, 'Segoe UI', 'Noto Sans', 'DejaVu Sans', Helvetica, Arial, sans-serif" role="img">`+"\n", width, height)
	fmt.Fprintf(p, "<title>Trace %s of service %s</title>\n", t.id, escaped(t.service()))
	fmt.Fprintf(p, `<rect x="0.5" y="0.5" width="%d" height="%d" rx="6" fill="#ffffff" stroke="%s"/>`+"\n", width-1, height-1, gridColour)
	p.text(16, 30, 16, inkColour, "start", `font-weight="600"`, "Trace "+t.id)
	p.text(16, 50, 12, mutedColour, "start", "", fmt.Sprintf("service %s, %d spans, %s from the first to the end of the last, %s",
		t.service(), len(t.spans), duration(t.took), t.began.Format("2006-01-02 15:04:05 UTC")))
	p.axis()
	for i, s := range t.spans {
		p.span(s, top+row*i)
	}
	p.legend(top + row*len(t.spans) + 22)
	p.WriteString("</svg>\n")
	return p.Bytes()
}

// axis draws the lines that time is read from.
func (p *picture) axis() {
	bottom := top + row*len(p.trace.spans)
	step := stepFor(p.trace.took)
	p.text(chartLeft-10, 78, 11, mutedColour, "end", "", "milliseconds since it began")
	for at := time.Duration(0); at <= p.trace.took; at += step {
		x := p.x(at)
		fmt.Fprintf(p, `<line x1="%.1f" y1="%d" x2="%.1[1]f" y2="%[3]d" stroke="%[4]s"/>`+"\n", x, top-8, bottom, gridColour)
		p.text(x, 78, 11, mutedColour, "middle", "", fmt.Sprint(float64(at.Microseconds())/1000))
	}
}

// stepFor returns a round step that divides a time into few parts.
func stepFor(took time.Duration) time.Duration {
	step := 10 * time.Microsecond
	for {
		for _, times := range []time.Duration{1, 2, 5} {
			if took/(step*times) < 8 {
				return step * times
			}
		}
		step *= 10
	}
}

func (p *picture) x(at time.Duration) float64 {
	return chartLeft + chartWide*float64(at)/float64(max(p.trace.took, time.Microsecond))
}

// span draws one row.
func (p *picture) span(s *span, y int) {
	left := 16 + float64(indent*s.depth)
	if p.rows[s.id] = y; s.depth > 0 {
		from := p.rows[s.parent] + row - 4
		fmt.Fprintf(p, `<path d="M%.1f %d V%d h6" fill="none" stroke="%s" stroke-width="1.5"/>`+"\n", left-8, from, y+20, waitColour)
	}
	below := s.subtitle()
	if below == "" {
		p.text(left, float64(y+24), 13, inkColour, "start", "", s.name)
	} else {
		p.text(left, float64(y+17), 13, inkColour, "start", "", s.name)
		p.text(left, float64(y+32), 11, mutedColour, "start", "", below)
	}

	const barTop, barHigh = 16, 12
	from, to := p.x(s.from), p.x(s.from+s.took)
	colour := kindColours[s.kind]
	if s.failed() {
		colour = errorColour
	}
	wide := max(to-from, 2.5)
	if wait := p.x(max(s.from-s.wait(), 0)); wait < from {
		fmt.Fprintf(p, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%[2]d" stroke="%[4]s" stroke-width="2" stroke-dasharray="3 3"/>`+"\n", wait, y+barTop+barHigh/2, from, waitColour)
	}
	fmt.Fprintf(p, `<rect x="%.1f" y="%d" width="%.1f" height="%d" rx="1" fill="%s"/>`+"\n", from, y+barTop, wide, barHigh, colour)
	if to > chartLeft+chartWide*0.98 && wide > 80 {
		p.text(to-6, float64(y+barTop+10), 10.5, "#ffffff", "end", "", duration(s.took))
	} else {
		p.text(from+wide+5, float64(y+barTop+10), 11, inkColour, "start", "", duration(s.took))
	}
	p.events(s, y+barTop)
}

// events marks what happened in a span, and names it where there is room.
func (p *picture) events(s *span, y int) {
	const room = 44
	free := 0.0
	for _, e := range s.events {
		x := p.x(e.at)
		fmt.Fprintf(p, `<line x1="%.1f" y1="%d" x2="%.1[1]f" y2="%[3]d" stroke="%[4]s" stroke-width="3"/>`+"\n", x, y-3, y+15, eventColour)
		if x >= free {
			p.text(x-1, float64(y-5), 10.5, eventColour, "start", "", shortLabel(e))
			free = x + room
		}
	}
}

// legend says what is what, and where it is from.
func (p *picture) legend(y int) {
	x := 16.0
	for _, entry := range []struct{ colour, text string }{
		{kindColours["producer"], "producer: it is published"},
		{kindColours["consumer"], "consumer: a stage runs"},
		{errorColour, "it failed"},
		{eventColour, "event"},
		{waitColour, "dashed: it waited in the stream"},
	} {
		fmt.Fprintf(p, `<rect x="%.1f" y="%d" width="10" height="10" fill="%s"/>`+"\n", x, y-9, entry.colour)
		p.text(x+15, float64(y), 11, inkColour, "start", "", entry.text)
		x += 40 + 5.9*float64(len(entry.text))
	}
	p.text(16, float64(y+24), 11, mutedColour, "start", "",
		"Drawn by scripts/jaegercheck from what Jaeger's API returned for this trace. It is not a screenshot.")
}

func (p *picture) text(x, y, size float64, colour, anchor, more, text string) {
	fmt.Fprintf(p, `<text x="%.1f" y="%.1f" font-size="%g" fill="%s" text-anchor="%s" %s>%s</text>`+"\n", x, y, size, colour, anchor, more, escaped(text))
}

func escaped(text string) string {
	var out bytes.Buffer
	_ = xml.EscapeText(&out, []byte(text)) // a buffer takes everything
	return out.String()
}

// duration writes a time with its unit.
func duration(d time.Duration) string {
	if d < time.Millisecond {
		return fmt.Sprintf("%d µs", d.Microseconds())
	}
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}
