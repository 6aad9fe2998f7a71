package report

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/benchmarks/report/chart"
)

// growthCurves shows how throughput and figures change as something grows: a panel for
// each. Nothing where nothing grows.
func growthCurves(s *suite, colors palette) *chart.Lines {
	l := &chart.Lines{Lines: []string{"How it changes with size: median of the rounds, with the lowest and the highest."}}
	for _, axis := range s.axes() {
		if points := s.curves(axis, colors, throughputAt); points != nil {
			l.Panels = append(l.Panels, panel(axis, "Throughput", "messages/s", points))
		}
		for _, f := range s.figuresOn(axis) {
			points := s.curves(axis, colors, func(r *bench.Result) (bench.Spread, bool) {
				if own := figure(r, f.Name, f.Unit); own != nil {
					return own.Spread, true
				}
				return bench.Spread{}, false
			})
			if points != nil {
				l.Panels = append(l.Panels, panel(axis, capital(f.Name), f.Unit, points))
			}
		}
	}
	if len(l.Panels) == 0 {
		return nil
	}
	return l
}

// axes returns what grows in the suite.
func (s *suite) axes() (axes []string) {
	for _, c := range s.cases {
		if axis := c.results[0].Axis; axis != "" && !c.lossy && !slices.Contains(axes, axis) {
			axes = append(axes, axis)
		}
	}
	return axes
}

func (s *suite) on(axis string) (cases []*group) {
	for _, c := range s.cases {
		if c.results[0].Axis == axis && !c.lossy {
			cases = append(cases, c)
		}
	}
	return cases
}

func (s *suite) figuresOn(axis string) (figures []bench.FigureSpread) {
	for _, c := range s.on(axis) {
		for _, f := range c.figures() {
			if !slices.ContainsFunc(figures, func(o bench.FigureSpread) bool { return o.Name == f.Name && o.Unit == f.Unit }) {
				figures = append(figures, f)
			}
		}
	}
	return figures
}

func throughputAt(r *bench.Result) (bench.Spread, bool) {
	return bench.Spread{Median: r.Throughput, Min: r.ThroughputMin, Max: r.ThroughputMax}, true
}

// curves returns one for each contender; nil unless one of them has two points.
func (s *suite) curves(axis string, colors palette, of func(*bench.Result) (bench.Spread, bool)) (all []chart.Series) {
	cases := s.on(axis)
	grows := false
	for _, name := range shown(cases) {
		curve := chart.Series{Name: name, Color: colors[name]}
		for _, c := range cases {
			r := c.of(name)
			if r == nil {
				continue
			}
			if v, ok := of(r); ok {
				curve.Points = append(curve.Points, chart.Point{X: r.At, Y: v.Median, Min: v.Min, Max: v.Max})
			}
		}
		slices.SortStableFunc(curve.Points, func(a, b chart.Point) int { return cmp.Compare(a.X, b.X) })
		grows = grows || len(curve.Points) > 1
		if len(curve.Points) > 0 {
			all = append(all, curve)
		}
	}
	if !grows {
		return nil
	}
	return all
}

// apart is how many times as large as another a value is where they are on a
// logarithmic axis.
const apart = 20

func panel(axis, title, unit string, series []chart.Series) chart.Panel {
	p := chart.Panel{
		Title:  title,
		X:      chart.Axis{Label: axis},
		Y:      chart.Axis{Label: unit},
		Series: series,
	}
	if strings.Contains(strings.ToLower(axis), "byte") {
		p.X.Format = chart.Bytes
	}
	least, most := math.Inf(1), 0.0
	for _, s := range series {
		for _, point := range s.Points {
			p.X.Ticks = append(p.X.Ticks, point.X)
			least, most = min(least, point.Y), max(most, point.Y)
		}
	}
	slices.Sort(p.X.Ticks)
	p.X.Log = p.X.Ticks[0] > 0
	p.X.Ticks = slices.Compact(p.X.Ticks)
	// What is 0 has no place on a logarithmic axis.
	p.Y.Log = least > 0 && most/least > apart
	return p
}
