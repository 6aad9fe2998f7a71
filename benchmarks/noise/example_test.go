package noise_test

import (
	"context"
	"fmt"

	"github.com/millstream-go/millstream/benchmarks/noise"
)

func ExampleProbe() {
	ctx := context.Background()
	probe := noise.New()
	probe.Sample(ctx)
	// Measure, and take a sample now and then.
	probe.Sample(ctx)
	report := probe.Report()
	if report.Noisy() {
		_ = report.Reasons // warn of them
	}
	fmt.Println(report.Samples, "samples")
	// Output: 2 samples
}
