package report

import (
	"strconv"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/benchmarks/report/chart"
)

// latencyCurves shows the distribution of latencies, a panel for each case that has one.
func latencyCurves(s *suite, colors palette) *chart.Lines {
	l := &chart.Lines{Lines: []string{"How long messages took, all rounds together; lower is better."}}
	for _, g := range s.cases {
		p := chart.Panel{
			Title: g.heading(),
			X: chart.Axis{
				Label: "percentile: so many of the messages took at most that long", Log: true,
				Format: percentile, Ticks: []float64{1, 2, 10, 100, 1000, 10_000, 100_000, 1_000_000},
			},
			Y: chart.Axis{Label: "latency", Log: true, Format: chart.Micros},
		}
		for _, name := range shown([]*group{g}) {
			if points := distribution(g.of(name)); len(points) > 1 {
				p.Series = append(p.Series, chart.Series{Name: name, Color: colors[name], Points: points})
			}
		}
		if len(p.Series) > 0 {
			l.Panels = append(l.Panels, p)
		}
	}
	if len(l.Panels) == 0 {
		return nil
	}
	return l
}

// distribution returns latency over 1/(1-p), in which each step from 90 to 99 to 99.9 %
// is as long as the one before.
func distribution(r *bench.Result) (points []chart.Point) {
	for _, p := range r.Distribution {
		if p.Percent < 100 {
			points = append(points, chart.Point{X: 1 / (1 - p.Percent/100), Y: p.Micros})
		}
	}
	return points
}

// percentile writes where on that axis something is.
func percentile(x float64) string {
	return strconv.FormatFloat(100*(1-1/x), 'g', 7, 64) + " %"
}
