package suites

import (
	"context"
	"fmt"
	"slices"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/benchmarks/chain"
)

const (
	// quickMessages is how many messages a quick round through a chain has at most.
	quickMessages = 30_000
	// roundEntries and roundBytes bound what a round leaves in Redis until it is wiped:
	// a message leaves an entry at the head of the chain and behind each stage.
	roundEntries, roundBytes = 400_000, 200_000_000
)

// chainCase returns a case of a suite: contenders that run the same chain. Its name and
// its axis are the suite's business.
func (c *Config) chainCase(suite string, load chain.Load, contenders []chain.Contender) bench.Case {
	load.Redis, load.Concurrency = c.Redis, or(c.Concurrency, 1)
	chosen := bench.Case{
		Suite: suite,
		Title: fmt.Sprintf("no-op chain of %s, %d-byte payloads, concurrency %d", stagesText(load.Stages), load.Size, load.Concurrency),

		Stages: load.Stages, Receivers: 1, Messages: c.chainMessages(load),
	}
	live := false
	for _, contender := range contenders {
		if c.chose(contender.Name()) {
			chosen.Contenders = append(chosen.Contenders, chainContender(load, contender))
			live = live || chain.IsLive(contender)
		}
	}
	if live && !load.Fed {
		chosen.Title += "; streams are full at the start, Pub/Sub is fed meanwhile"
	}
	return chosen
}

// chose reports whether a contender takes part. What is no transport of its own is a
// variant of Millstream.
func (c *Config) chose(contender string) bool {
	if !slices.Contains(Contenders(), contender) {
		contender = Millstream
	}
	return len(c.Transports) == 0 || slices.Contains(c.Transports, contender)
}

// chainMessages returns how many messages a round has at most. Asked for more by count,
// it still keeps to the bytes: not all that fits into a count fits into memory.
func (c *Config) chainMessages(load chain.Load) int {
	streams := load.Stages + 1
	messages := c.Messages
	if messages == 0 {
		messages = min(defaultMessages, roundEntries/streams)
		if c.Quick {
			messages = min(messages, quickMessages)
		}
	}
	return max(1, min(messages, roundBytes/streams/load.Size))
}

func chainContender(load chain.Load, contender chain.Contender) bench.Contender {
	return bench.Contender{Name: contender.Name(), Measure: func(ctx context.Context, messages int) (bench.Round, error) {
		return load.Measure(ctx, contender, messages)
	}}
}

// lengths returns how long the chains are: as asked for, or as the suite has it.
func (c *Config) lengths(otherwise ...int) []int {
	if len(c.Stages) > 0 {
		return c.Stages
	}
	return otherwise
}

func stagesText(n int) string {
	if n == 1 {
		return "1 stage"
	}
	return fmt.Sprintf("%d stages", n)
}

// withContenders leaves out the cases for which no contender was chosen.
func withContenders(cases []bench.Case) []bench.Case {
	return slices.DeleteFunc(cases, func(c bench.Case) bool { return len(c.Contenders) == 0 })
}
