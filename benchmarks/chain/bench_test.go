package chain_test

import (
	"testing"
	"time"

	"github.com/millstream-go/millstream/benchmarks/chain"
)

// BenchmarkChain is what the command measures, for go test -bench: each
// iteration is a warm-up and a round. Compare msg/s; the time of an iteration
// holds the preloading too.
func BenchmarkChain(b *testing.B) {
	for _, contender := range chain.Contenders() {
		b.Run(contender.Name(), func(b *testing.B) {
			messages, elapsed := 0, time.Duration(0)
			for b.Loop() {
				report, err := chain.Measure(b.Context(), chain.Config{
					Redis: options, Contenders: []chain.Contender{contender},
					Messages: 50_000, Size: 200, Stages: 3, Concurrency: 1, Rounds: 1,
				})
				if err != nil {
					b.Fatal(err)
				}
				if !report.OK() {
					b.Fatal("not every message came out exactly once")
				}
				messages += report.Rounds[0].Messages
				elapsed += report.Rounds[0].Elapsed
			}
			b.ReportMetric(float64(messages)/elapsed.Seconds(), "msg/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}
