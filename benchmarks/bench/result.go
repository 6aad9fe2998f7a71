package bench

import (
	"math"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Result is what a contender achieved in a case.
type Result struct {
	Suite     string `json:"suite"`
	Case      string `json:"case"`
	Title     string `json:"title"`
	Contender string `json:"contender"`
	// Baseline, if set, names the contender that the others are compared with.
	Baseline string `json:"baseline,omitempty"`

	Axis string  `json:"axis,omitempty"`
	At   float64 `json:"at,omitempty"`

	// Messages were sent in all rounds together, each to Receivers receivers: Messages ×
	// Receivers = Received + Lost.
	Messages  int  `json:"messages"`
	Receivers int  `json:"receivers"`
	Stages    int  `json:"stages"`
	Received  int  `json:"received"`
	Lost      int  `json:"lost"`
	Doubled   int  `json:"doubled"`
	Failed    int  `json:"failed"`
	Spoilt    int  `json:"spoilt"`
	Lossy     bool `json:"lossy,omitempty"`
	// Embedded tells that it was measured on an imitation of Redis: whatever it says, it says
	// nothing about Redis.
	Embedded bool `json:"embedded,omitempty"`
	// WarmUp is the same of the warm-up, which counts nowhere else.
	WarmUp *Account `json:"warm_up,omitempty"`
	Rounds int      `json:"rounds"`

	// Throughput is messages per second: the median of the rounds, of which Throughputs
	// are the single ones in the order they ran. All contenders of a case have their
	// n-th round next to each other.
	Throughput    float64   `json:"throughput"`
	ThroughputMin float64   `json:"throughput_min"`
	ThroughputMax float64   `json:"throughput_max"`
	Throughputs   []float64 `json:"throughputs"`

	// The latencies in microseconds are medians of the rounds' percentiles, but for Max,
	// which is the longest of any round. They are nil where no latency was measured.
	P50  *float64 `json:"p50_us"`
	P90  *float64 `json:"p90_us"`
	P99  *float64 `json:"p99_us"`
	P999 *float64 `json:"p999_us"`
	Max  *float64 `json:"max_us"`
	// P50s and P99s are those of the single rounds.
	P50s []float64 `json:"p50s_us,omitempty"`
	P99s []float64 `json:"p99s_us,omitempty"`
	// Distribution is the latency of all rounds together at growing percentiles.
	Distribution []Percentile `json:"distribution,omitempty"`

	Figures []FigureSpread `json:"figures,omitempty"`
}

// Percentile is a point of a distribution: so many percent took at most so long.
type Percentile struct {
	Percent float64 `json:"percent"`
	Micros  float64 `json:"us"`
}

// FigureSpread is what else was measured, the median of the rounds and their ends.
type FigureSpread struct {
	Name   string    `json:"name"`
	Unit   string    `json:"unit"`
	Values []float64 `json:"values"`
	Spread
}

// Exact reports whether each message came exactly once, in the warm-up, too.
func (r *Result) Exact() bool {
	return r.Lost == 0 && r.Doubled == 0 && r.Spoilt == 0 && (r.WarmUp == nil || r.WarmUp.Exact())
}

// result sums up the rounds of a contender.
func result(c *Case, contender string, rounds []Round, warmUp *Account) Result {
	r := Result{
		Suite: c.Suite, Case: c.Name, Title: c.Title, Contender: contender, Baseline: c.Baseline,
		Axis: c.Axis, At: c.At,
		Receivers: max(1, c.Receivers), Stages: max(1, c.Stages), Lossy: c.Lossy,
		WarmUp: warmUp, Rounds: len(rounds),
	}
	var sum Account
	for _, round := range rounds {
		sum = sum.Plus(round.Account)
		r.Throughputs = append(r.Throughputs, round.Rate(c.Receivers))
	}
	r.Messages, r.Failed = sum.Sent, sum.Failed
	r.Received, r.Lost, r.Doubled, r.Spoilt = sum.Received, sum.Lost, sum.Doubled, sum.Spoilt
	s := SpreadOf(r.Throughputs)
	r.Throughput, r.ThroughputMin, r.ThroughputMax = s.Median, s.Min, s.Max
	r.addLatencies(rounds)
	r.addFigures(rounds)
	return r
}

func (r *Result) addLatencies(rounds []Round) {
	all := NewLatency()
	values := map[float64][]float64{}
	for _, round := range rounds {
		if round.Latency == nil || round.Latency.TotalCount() == 0 {
			continue
		}
		all.Merge(round.Latency)
		for _, p := range []float64{50, 90, 99, 99.9} {
			values[p] = append(values[p], float64(round.Latency.ValueAtPercentile(p)))
		}
	}
	if all.TotalCount() == 0 {
		return
	}
	middle := func(p float64) *float64 {
		median := SpreadOf(values[p]).Median
		return &median
	}
	r.P50, r.P90, r.P99, r.P999 = middle(50), middle(90), middle(99), middle(99.9)
	most := float64(all.Max())
	r.Max = &most
	r.P50s, r.P99s = values[50], values[99]
	r.Distribution = distribution(all)
}

// distribution returns percentiles that come closer together towards 100, up to where
// a single message makes the difference.
func distribution(h *hdrhistogram.Histogram) []Percentile {
	const perDecade = 8
	var points []Percentile
	for i := 0; ; i++ {
		rest := math.Pow(10, -float64(i)/perDecade)
		if rest*float64(h.TotalCount()) < 1 {
			break
		}
		percent := 100 * (1 - rest)
		points = append(points, Percentile{percent, float64(h.ValueAtPercentile(percent))})
	}
	return append(points, Percentile{100, float64(h.Max())})
}

func (r *Result) addFigures(rounds []Round) {
	for _, round := range rounds {
		for _, f := range round.Figures {
			r.figure(f).Values = append(r.figure(f).Values, f.Value)
		}
	}
	for i := range r.Figures {
		r.Figures[i].Spread = SpreadOf(r.Figures[i].Values)
	}
}

func (r *Result) figure(f Figure) *FigureSpread {
	for i := range r.Figures {
		if r.Figures[i].Name == f.Name {
			return &r.Figures[i]
		}
	}
	r.Figures = append(r.Figures, FigureSpread{Name: f.Name, Unit: f.Unit})
	return &r.Figures[len(r.Figures)-1]
}
