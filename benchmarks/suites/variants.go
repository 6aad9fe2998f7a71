package suites

import (
	"fmt"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/benchmarks/chain"
)

func tracingSuite() Suite {
	return variantSuite("tracing", "What do tracing and metrics cost?", chain.Untraced, chain.Traced)
}

func middlewareSuite() Suite {
	return variantSuite("middleware", "What does each part of the middleware cost?", chain.Bare, chain.Wrapped)
}

// variantSuite compares pipelines on streams that differ in one thing, with the one
// without it as the baseline.
func variantSuite(name, question, baseline string, variants func() []chain.Contender) Suite {
	return Suite{
		Name: name, Question: question,
		Cases: func(c *Config) []bench.Case {
			var cases []bench.Case
			for _, stages := range c.lengths(3) {
				load := chain.Load{Stages: stages, Size: or(c.Size, defaultSize)}
				next := c.chainCase(name, load, variants())
				next.Name, next.Baseline = fmt.Sprintf("stages=%d", stages), baseline
				cases = append(cases, next)
			}
			return withContenders(cases)
		},
	}
}
