package noise_test

import (
	"fmt"

	"github.com/millstream-go/millstream/benchmarks/noise"
)

func ExampleProbe() {
	probe := noise.New()
	probe.Sample()
	// Measure, and take a sample now and then.
	probe.Sample()
	report := probe.Report()
	if report.Noisy() {
		_ = report.Reasons // warn of them
	}
	fmt.Println(report.Samples, "samples")
	// Output: 2 samples
}
