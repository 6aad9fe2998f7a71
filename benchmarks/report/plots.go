package report

import (
	"image/color"
	"io"
	"slices"
	"strings"

	"github.com/millstream-go/millstream/benchmarks/report/chart"
	"github.com/millstream-go/millstream/benchmarks/suites"
)

// plot is a picture to draw, in a file of its own.
type plot struct {
	suite, name, title string
	chart              io.WriterTo
}

// plots returns those for which there is something to show.
func (r *Report) plots() (all []plot) {
	colors := r.colors()
	for _, s := range r.suites() {
		add := func(kind, title string, c io.WriterTo) {
			all = append(all, plot{suite: s.name, name: fileName(s.name + "-" + kind + ".svg"), title: title, chart: c})
		}
		heading := r.question(s.name)
		if c := throughputBars(s, colors); c != nil {
			c.Title = heading
			add("throughput", s.name+": throughput", c)
		}
		if c := lostBars(s, colors); c != nil {
			c.Title = heading
			add("lost", s.name+": messages lost", c)
		}
		if c := latencyCurves(s, colors); c != nil {
			c.Title = heading
			add("latency", s.name+": latency", c)
		}
		if c := growthCurves(s, colors); c != nil {
			c.Title = heading
			add("growth", s.name+": growth", c)
		}
	}
	return all
}

// fileName makes sure that a name from a file that was read leads nowhere else.
func fileName(name string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
			return c
		default:
			return '-'
		}
	}, strings.TrimLeft(name, "."))
}

// palette has the colours of the contenders in every plot.
type palette map[string]color.Color

// known are the same in all reports.
var known = palette{
	suites.Ceiling:    chart.Grey,
	suites.Millstream: chart.Blue,
	suites.Stock:      chart.Vermillion,
	suites.Article:    chart.Orange,
	suites.PubSub:     chart.Green,
	suites.PubSubRaw:  chart.ReddishPurple,
}

// others are for contenders that only some suites have.
var others = []color.Color{chart.SkyBlue, chart.Black, chart.Indigo, chart.Wine, chart.Olive, chart.Teal}

// colors gives each contender of the report a colour, the same in all its plots.
func (r *Report) colors() palette {
	colors, more := palette{}, 0
	for i := range r.Results {
		name := r.Results[i].Contender
		if _, there := colors[name]; there {
			continue
		}
		if c, ok := known[name]; ok {
			colors[name] = c
			continue
		}
		colors[name] = others[more%len(others)]
		more++
	}
	return colors
}

// shown returns the contenders of some cases in their usual order, then the others.
func shown(cases []*group) (names []string) {
	add := func(name string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, name := range suites.Contenders() {
		if slices.ContainsFunc(cases, func(c *group) bool { return c.of(name) != nil }) {
			add(name)
		}
	}
	for _, c := range cases {
		for _, r := range c.results {
			add(r.Contender)
		}
	}
	return names
}
