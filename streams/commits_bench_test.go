package streams

import (
	"testing"

	"github.com/millstream-go/millstream/internal/telemetry"
)

// BenchmarkMetricsOfACommitWithoutAnSDK is what a batch, of up to 256 messages, pays for
// metrics that nobody collects.
func BenchmarkMetricsOfACommitWithoutAnSDK(b *testing.B) {
	i, err := telemetry.Instruments(nil, makeInstruments)
	if err != nil {
		b.Fatal(err)
	}
	c := i.ofCommits(attributesOf(reading{"topic", "group"}, true))
	b.ReportAllocs()
	for b.Loop() {
		c.done(b.Context(), c.begin(b.Context()), 100)
	}
}

// BenchmarkMetricsOfAMessage is what each message pays, besides its counters.
func BenchmarkMetricsOfAMessage(b *testing.B) {
	var c counters
	for b.Loop() {
		c.inFlight.Add(1)
		c.inFlight.Add(-1)
	}
}
