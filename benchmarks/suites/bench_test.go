package suites

import (
	"testing"

	"github.com/millstream-go/millstream/benchmarks/bench"
)

// BenchmarkPublish and BenchmarkConsume are rounds of the suites, for go test -bench.
// Compare msg/s: the time of an iteration would hold preparing and accounting, too.

func BenchmarkPublish(b *testing.B) { benchmark(b, publishSuite()) }

func BenchmarkConsume(b *testing.B) { benchmark(b, consumeSuite()) }

func benchmark(b *testing.B, suite Suite) {
	b.Helper()
	const messages = 20_000
	for _, c := range suite.Cases(&Config{Redis: options}) {
		for _, contender := range c.Contenders {
			b.Run(c.Name+"/"+contender.Name, func(b *testing.B) { benchmarkRounds(b, contender, messages) })
		}
	}
}

// benchmarkRounds reports the median of the rounds.
func benchmarkRounds(b *testing.B, contender bench.Contender, messages int) {
	b.Helper()
	var rates []float64
	for b.Loop() {
		round, err := contender.Measure(b.Context(), messages)
		if err != nil {
			b.Fatal(err)
		}
		if !round.Account.Exact() {
			b.Fatal(round.Account)
		}
		rates = append(rates, round.Rate(1))
	}
	b.ReportMetric(bench.SpreadOf(rates).Median, "msg/s")
	b.ReportMetric(0, "ns/op")
}
