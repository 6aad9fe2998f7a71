package report_test

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/benchmarks/report"
)

// made makes up what a contender achieved, from the messages per second of its rounds.
func made(suite, name, contender string, rates ...float64) bench.Result {
	s := bench.SpreadOf(rates)
	sent := 1000 * len(rates)
	return bench.Result{
		Suite: suite, Case: name, Title: "made up", Contender: contender,
		Messages: sent, Receivers: 1, Stages: 1, Received: sent, Rounds: len(rates),
		Throughput: s.Median, ThroughputMin: s.Min, ThroughputMax: s.Max, Throughputs: rates,
	}
}

// around returns n rates that differ by up to 4 %, the same in every run.
func around(rate float64, n int) []float64 {
	random := rand.New(rand.NewPCG(uint64(rate), uint64(n)))
	rates := make([]float64, n)
	for i := range rates {
		rates[i] = math.Round(rate * (0.96 + 0.08*random.Float64()))
	}
	return rates
}

// timed adds latencies to a result, whose median and slow part are given in
// microseconds.
func timed(r bench.Result, p50, p99 float64) bench.Result {
	at := func(v float64) *float64 { return &v }
	r.P50, r.P90, r.P99, r.P999, r.Max = at(p50), at(math.Sqrt(p50*p99)), at(p99), at(2*p99), at(3*p99)
	for i := range r.Rounds {
		r.P50s = append(r.P50s, p50*(1+0.01*float64(i)))
		r.P99s = append(r.P99s, p99*(1+0.01*float64(i)))
	}
	for i := 0; i <= 28; i++ {
		nines := float64(i) / 8
		micros := p50 * math.Pow(p99/p50, (nines-0.3)/1.7)
		r.Distribution = append(r.Distribution, bench.Percentile{Percent: 100 * (1 - math.Pow(10, -nines)), Micros: micros})
	}
	r.Distribution = append(r.Distribution, bench.Percentile{Percent: 100, Micros: *r.Max})
	return r
}

// grown puts a result on an axis.
func grown(r bench.Result, axis string, at float64) bench.Result {
	r.Axis, r.At = axis, at
	return r
}

// losing makes a result one of those in which messages are lost.
func losing(r bench.Result, lost, doubled int, figures ...bench.FigureSpread) bench.Result {
	r.Lossy, r.Lost, r.Doubled, r.Figures = true, lost, doubled, figures
	r.Received = r.Messages*r.Receivers - lost
	return r
}

func measured(name, unit string, values ...float64) bench.FigureSpread {
	return bench.FigureSpread{Name: name, Unit: unit, Values: values, Spread: bench.SpreadOf(values)}
}

// sample is a report of all there is.
func sample() *report.Report {
	r := &report.Report{
		Environment: environment(),
		Settings:    report.Settings{Rounds: 5, Size: 200, Stages: []int{1, 3, 10}},
		Questions: map[string]string{
			"chain":             "How fast do messages get through a chain of stages?",
			"latency":           "How long does a message take at a rate that all can keep?",
			"backlog":           "What does it cost when the backlog grows?",
			"pubsub-vs-streams": "Pub/Sub or Streams?",
		},
	}
	for _, stages := range []struct {
		name string
		n    float64
	}{{"stages=1", 1}, {"stages=3", 3}, {"stages=10", 10}} {
		for _, c := range []struct {
			name string
			rate float64
		}{{"ceiling", 231_000}, {"millstream", 207_000}, {"stock", 16_800}, {"article", 11_900}} {
			result := made("chain", stages.name, c.name, around(c.rate/stages.n, 5)...)
			result.Title, result.Stages = stages.name[len("stages="):]+" stages that do nothing", int(stages.n)
			r.Results = append(r.Results, grown(result, "stages", stages.n))
		}
	}
	for _, c := range []struct {
		name     string
		p50, p99 float64
	}{{"ceiling", 420, 1900}, {"millstream", 812, 2850}, {"stock", 960, 5230}, {"pubsub", 310, 1450}} {
		result := made("latency", "rate=1000", c.name, 1000, 999.8, 1000.1, 999.9, 1000)
		result.Title = "3 stages, 1,000 messages/s"
		r.Results = append(r.Results, timed(result, c.p50, c.p99))
	}
	for _, n := range []float64{1e4, 1e5, 1e6, 1e7} {
		for _, c := range []struct {
			name       string
			rate, cost float64
		}{{"millstream", 68_000, 0.98}, {"stock", 5_600, 0.8}} {
			rate := c.rate * math.Pow(c.cost, math.Log10(n)-4)
			result := made("backlog", "backlog="+backlogs[n], c.name, around(rate, 5)...)
			result.Figures = []bench.FigureSpread{measured("memory", "MiB", n/5000, n/5100, n/4900)}
			r.Results = append(r.Results, grown(result, "backlog, messages", n))
		}
	}
	r.Results = append(r.Results, losses()...)
	return r
}

var backlogs = map[float64]string{1e4: "10k", 1e5: "100k", 1e6: "1M", 1e7: "10M"}

func losses() []bench.Result {
	of := func(name, title, contender string, lost, doubled int, pause float64) bench.Result {
		r := made("pubsub-vs-streams", name, contender, 1000, 1000, 1000)
		r.Title = title
		return losing(r, lost, doubled, measured("pause", "ms", pause, pause+3, pause-2))
	}
	return []bench.Result{
		of("listener-restarts", "a subscriber is restarted", "millstream", 0, 0, 12),
		of("listener-restarts", "a subscriber is restarted", "stock", 0, 10, 31),
		of("listener-restarts", "a subscriber is restarted", "pubsub", 214, 0, 9),
		of("listener-restarts", "a subscriber is restarted", "pubsub-raw", 231, 0, 8),
		of("redis-restarts", "Redis is restarted", "millstream", 0, 0, 804),
		of("redis-restarts", "Redis is restarted", "stock", 0, 3, 2210),
		of("redis-restarts", "Redis is restarted", "pubsub", 3, 0, 790),
	}
}

func environment() report.Environment {
	return report.Environment{
		Time: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), OS: "linux", Arch: "amd64", Kernel: "6.1.0",
		CPU: "Imaginary 9000", Cores: 2, GOMAXPROCS: 2, Memory: 8 << 30, Go: "go1.26.0",
		Modules: map[string]string{"watermill": "v1.5.1", "millstream": "0123456789ab"},
		Redis: report.Redis{
			Description: "Redis 7.0.15, started for this",
			Settings:    map[string]string{"appendonly": "no", "save": ""},
		},
		Noise: &report.Noise{LoadBefore: 0.1, LoadAfter: 1.4, SpinSpreadPercent: 2},
	}
}
