package suites

import (
	"context"
	"fmt"
	"time"

	"github.com/millstream-go/millstream/benchmarks/bench"
)

const (
	latencyRate = 1000
	// latencyTime and latencyQuick are how long messages are sent in a round. Latency is
	// not recorded in the first tenth of it, in which clients connect; the messages of
	// that are in the account.
	latencyTime, latencyQuick = 10 * time.Second, 2 * time.Second
)

// latencySuite sends messages on a fixed schedule and takes the time from when each was
// to be sent until it came out of the last stage.
//
// Millstream's pipeline and the loops get what the others get: nothing but the transport
// and a stage that does nothing. Who sends and who listens is the same for all on
// Streams, and for all on Pub/Sub.
func latencySuite() Suite {
	return Suite{
		Name:     "latency",
		Question: "How long does a message take through a chain of stages, sent at a fixed rate?",
		Cases: func(c *Config) []bench.Case {
			var cases []bench.Case
			for _, stages := range c.lengths(flowStages) {
				next := c.latencyCase("latency", stages, Contenders()...)
				next.Name = fmt.Sprintf("rate=%d stages=%d", or(c.Rate, latencyRate), stages)
				cases = append(cases, next)
			}
			return withContenders(cases)
		},
	}
}

// latencyCase returns a case of a suite; its name is the suite's business.
func (c *Config) latencyCase(suite string, stages int, contenders ...string) bench.Case {
	rate, lasts := or(c.Rate, latencyRate), latencyTime
	if c.Quick {
		lasts = latencyQuick
	}
	next := bench.Case{
		Suite: suite,
		Title: fmt.Sprintf("%d messages a second through %s, %d bytes, from when each was to be sent",
			rate, stagesText(stages), or(c.Size, defaultSize)),
		Stages: stages, Messages: c.flowMessages(rate, stages, lasts), Paced: true,
	}
	for _, name := range contenders {
		next.Contenders = append(next.Contenders, bench.Contender{
			Name: name,
			Measure: func(ctx context.Context, messages int) (bench.Round, error) {
				return c.latencyRound(ctx, name, stages, rate, messages)
			},
		})
	}
	next.Contenders = c.among(next.Contenders...)
	return next
}

func (c *Config) latencyRound(ctx context.Context, contender string, stages, rate, messages int) (bench.Round, error) {
	f := c.flow(c.Redis, contender, stages, rate)
	f.Messages = messages
	o, err := f.Run(ctx)
	if err != nil {
		return bench.Round{}, err
	}
	return bench.Round{
		Elapsed: o.Elapsed, Account: o.Account, Latency: o.Latency,
		// How much of the latency is the sender's doing.
		Figures: []bench.Figure{{Name: "sent late, 99th percentile", Unit: "us", Value: float64(o.Lag.Microseconds())}},
	}, nil
}
