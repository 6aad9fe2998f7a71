package suites

import (
	"fmt"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/benchmarks/chain"
)

const againstName = "pubsub-vs-streams"

// againstSuite puts the same chain on Pub/Sub and on Streams, as Watermill has them and
// as Millstream does.
//
// Where something goes wrong, all settings are those that each begins with. What is sent
// is what Redis took: each such message is received or lost, and those whose call failed
// are counted apart, whether they came or not.
func againstSuite() Suite {
	return Suite{
		Name: againstName,
		Question: "What does a pipeline on Pub/Sub gain over one on Streams, " +
			"and what does it lose when a subscriber is slow or restarts, or Redis does?",
		Cases: func(c *Config) []bench.Case {
			var cases []bench.Case
			for _, stages := range c.lengths(flowStages) {
				cases = append(cases, c.againstCases(stages)...)
			}
			return withContenders(cases)
		},
	}
}

func (c *Config) againstCases(stages int) []bench.Case {
	cases := []bench.Case{c.againstThroughput(stages), c.againstLatency(stages)}
	for _, f := range faults() {
		if err := f.possible(); err != nil {
			c.notice("%s: %s is left out, for it needs a Redis that it can kill: %v", againstName, f.name, err)
			continue
		}
		cases = append(cases, c.faultCase(f, stages))
	}
	if len(c.Stages) > 1 {
		for i := range cases {
			cases[i].Name += fmt.Sprintf(" stages=%d", stages)
		}
	}
	return cases
}

// against returns the contenders.
func against() []string { return []string{Millstream, Stock, PubSub} }

func (c *Config) againstThroughput(stages int) bench.Case {
	var contenders []chain.Contender
	for _, name := range against() {
		contenders = append(contenders, chainContenderOf(name))
	}
	// What is on Streams is fed while the stages run, too, so that all do the same.
	next := c.chainCase(againstName, chain.Load{Stages: stages, Size: or(c.Size, defaultSize), Fed: true}, contenders)
	next.Name = "throughput"
	next.Title += ", fed meanwhile"
	return next
}

func (c *Config) againstLatency(stages int) bench.Case {
	next := c.latencyCase(againstName, stages, against()...)
	next.Name = "latency"
	return next
}
