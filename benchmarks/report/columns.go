package report

import (
	"fmt"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/benchmarks/report/chart"
)

// none stands where there is nothing to show.
const none = "–"

// table returns the results of a case. The full one has more percentiles, and the
// spread of figures.
func (c *group) table(full bool) *grid {
	g := &grid{}
	c.column(g, "contender", func(r *bench.Result) string { return r.Contender })
	if c.some(func(r *bench.Result) bool { return r.Receivers > 1 }) {
		c.column(g, "receivers", func(r *bench.Result) string { return count(r.Receivers) })
	}
	if c.lossy {
		c.addFate(g)
	} else {
		c.addSpeed(g)
	}
	c.addLatency(g, full)
	if !c.lossy {
		c.column(g, "lost", func(r *bench.Result) string { return count(r.Lost) })
		c.column(g, "doubled", func(r *bench.Result) string { return count(r.Doubled) })
		c.addUnusual(g)
	}
	c.addFigures(g, full)
	return g
}

// column adds one with a cell for each contender.
func (c *group) column(g *grid, header string, cell func(*bench.Result) string) {
	cells := make([]string, len(c.results))
	for i, r := range c.results {
		cells[i] = cell(r)
	}
	g.column(header, cells...)
}

func (c *group) addSpeed(g *grid) {
	c.column(g, "messages", func(r *bench.Result) string { return count(r.Messages) })
	c.column(g, "msg/s", func(r *bench.Result) string { return chart.Thousands(r.Throughput) })
	c.column(g, "min – max", func(r *bench.Result) string {
		return chart.Thousands(r.ThroughputMin) + " – " + chart.Thousands(r.ThroughputMax)
	})
	base := c.baseline()
	c.column(g, "× "+base.Contender, func(r *bench.Result) string {
		if ratio, ok := bench.Ratio(r.Throughputs, base.Throughputs); ok {
			return times(ratio.Median)
		}
		return none
	})
}

// addFate adds what became of messages, where that is the point.
func (c *group) addFate(g *grid) {
	c.column(g, "sent", func(r *bench.Result) string { return count(r.Messages) })
	c.column(g, "received", func(r *bench.Result) string { return count(r.Received) })
	c.column(g, "lost", func(r *bench.Result) string { return count(r.Lost) })
	c.column(g, "lost %", func(r *bench.Result) string { return percent(lostShare(r)) })
	c.column(g, "doubled", func(r *bench.Result) string { return count(r.Doubled) })
	c.column(g, "failed", func(r *bench.Result) string { return count(r.Failed) })
}

// addUnusual adds what is mostly zero, where it is not.
func (c *group) addUnusual(g *grid) {
	if c.some(func(r *bench.Result) bool { return r.Failed > 0 }) {
		c.column(g, "failed", func(r *bench.Result) string { return count(r.Failed) })
	}
	if c.some(func(r *bench.Result) bool { return r.Spoilt > 0 }) {
		c.column(g, "spoilt", func(r *bench.Result) string { return count(r.Spoilt) })
	}
}

func (c *group) addLatency(g *grid, full bool) {
	if !c.some(hasLatency) {
		return
	}
	of := func(header string, value func(*bench.Result) *float64) {
		c.column(g, header, func(r *bench.Result) string {
			if v := value(r); v != nil {
				return chart.Micros(*v)
			}
			return none
		})
	}
	of("p50", func(r *bench.Result) *float64 { return r.P50 })
	if full {
		of("p90", func(r *bench.Result) *float64 { return r.P90 })
	}
	of("p99", func(r *bench.Result) *float64 { return r.P99 })
	if full {
		of("p99.9", func(r *bench.Result) *float64 { return r.P999 })
		of("max", func(r *bench.Result) *float64 { return r.Max })
	}
}

func (c *group) addFigures(g *grid, full bool) {
	for _, known := range c.figures() {
		c.column(g, known.Name+unit(known.Unit), func(r *bench.Result) string {
			f := figure(r, known.Name, known.Unit)
			if f == nil {
				return none
			}
			text := chart.Thousands(f.Median)
			if full && f.Max > f.Min {
				text += fmt.Sprintf(" (%s – %s)", chart.Thousands(f.Min), chart.Thousands(f.Max))
			}
			return text
		})
	}
}

func unit(name string) string {
	if name == "" {
		return ""
	}
	return " (" + name + ")"
}

func count(n int) string { return chart.Thousands(float64(n)) }

// times writes a ratio so that 0.97 and 12 both say enough.
func times(v float64) string {
	switch {
	case v >= 100:
		return chart.Thousands(v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}

// lostShare returns how many percent of what was to come was lost.
func lostShare(r *bench.Result) float64 {
	if r.Received+r.Lost == 0 {
		return 0
	}
	return 100 * float64(r.Lost) / float64(r.Received+r.Lost)
}

// percent writes a share so that little is told from nothing.
func percent(v float64) string {
	switch {
	case v == 0:
		return "0 %"
	case v < 0.01:
		return "< 0.01 %"
	case v < 1:
		return fmt.Sprintf("%.2f %%", v)
	default:
		return fmt.Sprintf("%.1f %%", v)
	}
}
