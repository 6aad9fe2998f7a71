package suites

import (
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/benchmarks/chain"
	"github.com/millstream-go/millstream/benchmarks/steady"
)

// flowStages is how many stages a steady flow goes through, if nothing else is said.
const flowStages = 3

// flow returns a steady flow through a chain, but for its messages.
func (c *Config) flow(at *redis.Options, contender string, stages, rate int) steady.Flow {
	size := or(c.Size, defaultSize)
	return steady.Flow{
		Redis: at, Contender: chainContenderOf(contender),
		Stages: stages, Concurrency: or(c.Concurrency, 1), Rate: rate,
		Payload: func(i int, at time.Time) string { return string(payload(i, at, size)) },
		Parse:   func(p string) (int, time.Time, bool) { return parse([]byte(p)) },
	}
}

// chainContenderOf returns the one of package chain with a name of this package.
func chainContenderOf(name string) chain.Contender {
	all := chain.Contenders()
	return all[slices.IndexFunc(all, func(c chain.Contender) bool { return c.Name() == name })]
}

// flowMessages returns how many messages are sent in so long through so many stages, each
// of which leaves them in Redis until the round has ended.
func (c *Config) flowMessages(rate, stages int, d time.Duration) int {
	messages := max(1, int(float64(rate)*d.Seconds()))
	if c.Messages > 0 {
		messages = min(messages, c.Messages)
	}
	return max(1, min(messages, mostBytes/(stages+1)/or(c.Size, defaultSize)))
}

// milliseconds is a figure.
func milliseconds(name string, d time.Duration) bench.Figure {
	return bench.Figure{Name: name, Unit: "ms", Value: float64(d.Microseconds()) / 1000}
}
