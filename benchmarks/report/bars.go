package report

import (
	"fmt"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/benchmarks/report/chart"
)

// throughputBars shows messages per second, or nothing where there is nothing to see.
func throughputBars(s *suite, colors palette) *chart.Bars {
	c := &chart.Bars{Axis: "messages/s"}
	rounds := 0
	for _, g := range s.cases {
		if g.lossy || g.paced() {
			continue
		}
		bars := make([]chart.Bar, 0, len(g.results))
		for _, r := range g.results {
			rounds = max(rounds, r.Rounds)
			bars = append(bars, chart.Bar{
				Name: r.Contender, Color: colors[r.Contender],
				Value: r.Throughput, Min: r.ThroughputMin, Max: r.ThroughputMax,
				Text: chart.Thousands(r.Throughput),
			})
		}
		c.Groups = append(c.Groups, chart.Group{Title: g.heading(), Bars: bars})
	}
	if len(c.Groups) == 0 {
		return nil
	}
	c.Lines = []string{"Messages per second; longer is better. " + spread(rounds)}
	return c
}

func spread(rounds int) string {
	if rounds < 2 {
		return "One round: no spread is known."
	}
	return fmt.Sprintf("Median of %d rounds, with the lowest and the highest.", rounds)
}

// paced reports whether all contenders kept up with a fixed rate, so that throughput
// shows that rate and says nothing about them: latency is what was measured.
func (c *group) paced() bool {
	if !c.some(hasLatency) {
		return false
	}
	rates := make([]float64, len(c.results))
	for i, r := range c.results {
		rates[i] = r.Throughput
	}
	const alike = 1.02
	s := bench.SpreadOf(rates)
	return len(rates) > 1 && s.Max <= s.Min*alike
}

// lostBars shows how much was lost where that is what was measured.
func lostBars(s *suite, colors palette) *chart.Bars {
	c := &chart.Bars{
		Axis: "lost, % of messages", OneAxis: true,
		Lines: []string{"Messages lost, of all that were sent; shorter is better."},
	}
	for _, g := range s.cases {
		if !g.lossy {
			continue
		}
		bars := make([]chart.Bar, 0, len(g.results))
		for _, r := range g.results {
			bars = append(bars, chart.Bar{
				Name: r.Contender, Color: colors[r.Contender], Value: lostShare(r), Text: lostText(r),
			})
		}
		c.Groups = append(c.Groups, chart.Group{Title: g.heading(), Bars: bars})
	}
	if len(c.Groups) == 0 {
		return nil
	}
	return c
}

func lostText(r *bench.Result) string {
	text := fmt.Sprintf("%s: %s of %s", percent(lostShare(r)), count(r.Lost), count(r.Lost+r.Received))
	if r.Lost == 0 {
		text = "none of " + count(r.Received)
	}
	if r.Doubled > 0 {
		text += fmt.Sprintf(", %s doubled", count(r.Doubled))
	}
	return text
}
