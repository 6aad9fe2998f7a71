package suites

import (
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/benchmarks/bench"
)

// Config is what the cases of suites are made with. What is zero, a suite chooses for
// itself.
type Config struct {
	// Redis is where to measure. Contenders make clients of their own.
	Redis *redis.Options
	// Transports are the names of the contenders that take part. None: all.
	Transports []string
	// Stages are the lengths of the chains.
	Stages []int
	// Messages is the most that are sent in a round.
	Messages int
	// Size is that of a payload in bytes.
	Size int
	// Concurrency is how many messages a stage works on at once.
	Concurrency int
	// Rate is how many messages a second are sent where that is fixed.
	Rate int
	// Notice, if set, is told what is left out, and why, while cases are made.
	Notice func(text string)
	// Quick makes suites smaller: an answer in a minute or two, at the price of noise.
	Quick bool
}

func (c *Config) notice(format string, args ...any) {
	if c.Notice != nil {
		c.Notice(fmt.Sprintf(format, args...))
	}
}

const (
	// MinSize is the least size of a payload: a number, and the time it was sent.
	MinSize = 24
	// MaxSize is the largest: with what is on the way at once it stays below the 32 MB at
	// which Redis disconnects a subscriber.
	MaxSize = 8 << 20
)

// Check returns all that is wrong with the numbers, or nil.
func (c *Config) Check() error {
	var faults []error
	least := func(flag string, value, min int) {
		if value != 0 && value < min {
			faults = append(faults, fmt.Errorf("%s: %d is too small, %d is the least", flag, value, min))
		}
	}
	for _, stages := range c.Stages {
		if stages < 1 {
			faults = append(faults, fmt.Errorf("stages: %d is too small, 1 is the least", stages))
		}
	}
	least("messages", c.Messages, 1)
	least("size", c.Size, MinSize)
	if c.Size > MaxSize {
		faults = append(faults, fmt.Errorf("size: %d is too large, %d is the most", c.Size, MaxSize))
	}
	least("concurrency", c.Concurrency, 1)
	least("rate", c.Rate, 1)
	_, err := Transports(c.Transports...)
	return errors.Join(append(faults, err)...)
}

const (
	defaultSize     = 200
	defaultMessages = 100_000
)

func or(value, otherwise int) int {
	if value == 0 {
		return otherwise
	}
	return value
}

// Suite is a question.
type Suite struct {
	// Name is how it is called on the command line, Question what it answers.
	Name, Question string
	// Cases makes its cases. Those for which no contender was chosen are left out.
	Cases func(*Config) []bench.Case
}

// All returns all suites in the order in which they run.
func All() []Suite {
	return []Suite{
		publishSuite(),
		consumeSuite(),
		chainSuite(),
		fanoutSuite(),
		latencySuite(),
		againstSuite(),
		backlogSuite(),
		payloadSuite(),
		tracingSuite(),
		middlewareSuite(),
	}
}
