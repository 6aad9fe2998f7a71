package chain_test

import (
	"testing"
	"time"

	"github.com/millstream-go/millstream/benchmarks/chain"
)

// BenchmarkChain is what the suite of that name measures, for go test -bench: each
// iteration is a warm-up and a round. Compare msg/s; the time of an iteration
// holds the preloading too.
func BenchmarkChain(b *testing.B) {
	const warmUp, messages = 2_000, 20_000
	load := chain.Load{Redis: options, Size: 200, Stages: 3, Concurrency: 1}
	for _, contender := range chain.Contenders() {
		b.Run(contender.Name(), func(b *testing.B) {
			received, elapsed := 0, time.Duration(0)
			for b.Loop() {
				if _, err := load.Measure(b.Context(), contender, warmUp); err != nil {
					b.Fatal(err)
				}
				round, err := load.Measure(b.Context(), contender, messages)
				if err != nil {
					b.Fatal(err)
				}
				if !round.Account.Exact() {
					b.Fatalf("not every message came out exactly once: %v", round.Account)
				}
				received += round.Account.Received
				elapsed += round.Elapsed
			}
			b.ReportMetric(float64(received)/elapsed.Seconds(), "msg/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}
