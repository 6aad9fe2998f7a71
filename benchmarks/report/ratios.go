package report

import (
	"slices"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/benchmarks/suites"
)

// pairs are the comparisons that are always made where both took part.
var pairs = [][2]string{
	{suites.Millstream, suites.Stock},
	{suites.Millstream, suites.Article},
	{suites.Millstream, suites.Ceiling},
	{suites.PubSub, suites.PubSubRaw},
	{suites.PubSub, suites.Millstream},
}

// ratios compares contenders round by round: in throughput and, where it was measured,
// in latency. It is nil where there is nothing to compare.
func (c *group) ratios() *grid {
	g := &grid{header: []string{"ratio", "of", "median", "min – max"}}
	for _, pair := range c.pairs() {
		one, other := c.of(pair[0]), c.of(pair[1])
		if one == nil || other == nil {
			continue
		}
		g.ratio(pair, "throughput", one.Throughputs, other.Throughputs)
		g.ratio(pair, "p50", one.P50s, other.P50s)
		g.ratio(pair, "p99", one.P99s, other.P99s)
	}
	if len(g.rows) == 0 {
		return nil
	}
	return g
}

// pairs also compares what has no other comparison, and everything in a case that has a
// baseline, with what the case compares with.
func (c *group) pairs() [][2]string {
	all, base := pairs, c.baseline()
	for _, r := range c.results {
		if r.Contender != base.Contender && (r.Baseline != "" || !slices.Contains(suites.Contenders(), r.Contender)) {
			all = append(slices.Clip(all), [2]string{r.Contender, base.Contender})
		}
	}
	return all
}

func (g *grid) ratio(pair [2]string, of string, one, other []float64) {
	if s, ok := bench.Ratio(one, other); ok {
		g.rows = append(g.rows, []string{pair[0] + " / " + pair[1], of, times(s.Median), times(s.Min) + " – " + times(s.Max)})
	}
}
