package suites

import (
	"fmt"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/benchmarks/chain"
)

func chainSuite() Suite {
	return Suite{
		Name:     "chain",
		Question: "How many messages a second go through a chain of stages, and what does a stage more cost?",
		Cases: func(c *Config) []bench.Case {
			var cases []bench.Case
			for _, stages := range c.lengths(1, 3, 10) {
				load := chain.Load{Stages: stages, Size: or(c.Size, defaultSize)}
				next := c.chainCase("chain", load, chain.Contenders())
				next.Name = fmt.Sprintf("stages=%d", stages)
				next.Axis, next.At = "stages", float64(stages)
				cases = append(cases, next)
			}
			return withContenders(cases)
		},
	}
}
