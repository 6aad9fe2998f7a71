package suites

import (
	"context"
	"fmt"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/benchmarks/chain"
)

func payloadSuite() Suite {
	return Suite{
		Name:     "payload",
		Question: "What does the size of a payload cost?",
		Cases: func(c *Config) []bench.Case {
			sizes := []int{100, 1 << 10, 10 << 10, 100 << 10, 1 << 20}
			if c.Size > 0 {
				sizes = []int{c.Size}
			}
			lengths := c.lengths(1)
			var cases []bench.Case
			for _, stages := range lengths {
				for _, size := range sizes {
					next := c.payloadCase(stages, size)
					if len(lengths) > 1 { // a curve for each
						next.Name += fmt.Sprintf(" stages=%d", stages)
						next.Axis += ", through " + stagesText(stages)
					}
					cases = append(cases, next)
				}
			}
			return withContenders(cases)
		},
	}
}

func (c *Config) payloadCase(stages, size int) bench.Case {
	next := c.chainCase("payload", chain.Load{Stages: stages, Size: size}, transports())
	next.Name = fmt.Sprintf("size=%d", size)
	next.Axis, next.At = "payload (bytes)", float64(size)
	for i := range next.Contenders {
		next.Contenders[i].Measure = withBytes(next.Contenders[i].Measure, size)
	}
	return next
}

// transports returns the contenders that are no variants of others.
func transports() []chain.Contender {
	var all []chain.Contender
	for _, contender := range chain.Contenders() {
		if contender.Name() != chain.MillstreamJSON {
			all = append(all, contender)
		}
	}
	return all
}

// withBytes adds to a round how many bytes of payload went through the chain.
func withBytes(
	measure func(context.Context, int) (bench.Round, error), size int,
) func(context.Context, int) (bench.Round, error) {
	return func(ctx context.Context, messages int) (bench.Round, error) {
		round, err := measure(ctx, messages)
		const mega = 1e6
		round.Figures = append(round.Figures, bench.Figure{
			Name: "payload", Unit: "MB/s", Value: round.Rate(1) * float64(size) / mega,
		})
		return round, err
	}
}
