package chain

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Config says what to measure.
type Config struct {
	Redis      *redis.Options
	Contenders []Contender
	// Messages is how many run through the chain in a round at most. Stock
	// Watermill, which takes that much longer for each, gets a tenth.
	Messages int
	// Size is that of a payload, Stages how many there are in the chain and
	// Concurrency how many messages each may work on at once.
	Size, Stages, Concurrency int
	// Rounds is how often each contender runs, after a warm-up that does not count.
	Rounds int
	// Progress, if set, is told what happens.
	Progress func(format string, args ...any)
}

const (
	// stockShare and warmUpShare are the parts of the messages that stock
	// Watermill and a warm-up get.
	stockShare, warmUpShare = 10, 10
	// longest is about how long a round may take. On a slow machine or server,
	// messages are cut to what the warm-up managed in that time.
	longest = 3 * time.Second
)

// Check returns what is wrong with the numbers, or nil.
func (c Config) Check() error {
	var faults []error
	for _, least := range []struct {
		name       string
		value, min int
	}{
		{"messages", c.Messages, 1},
		{"size", c.Size, MinSize},
		{"stages", c.Stages, 1},
		{"concurrency", c.Concurrency, 1},
		{"rounds", c.Rounds, 1},
		{"contenders", len(c.Contenders), 1},
	} {
		if least.value < least.min {
			faults = append(faults, fmt.Errorf("%s: %d is too small, %d is the least", least.name, least.value, least.min))
		}
	}
	return errors.Join(faults...)
}

// share returns how many messages a contender gets.
func (c Config) share(contender Contender) int {
	if contender.Name() == Stock {
		return max(1, c.Messages/stockShare)
	}
	return c.Messages
}

// Measure runs all contenders in turns. What is lost or doubled on the way is in
// the report; an error means that a contender could not run.
func Measure(ctx context.Context, config Config) (*Report, error) {
	if err := config.Check(); err != nil {
		return nil, err
	}
	if config.Progress == nil {
		config.Progress = func(string, ...any) {}
	}
	report := &Report{Config: config}
	counts := make([]int, len(config.Contenders))
	for i, contender := range config.Contenders {
		share := config.share(contender)
		r, err := runRound(ctx, contender, config, max(1, share/warmUpShare))
		if err != nil {
			return nil, err
		}
		config.Progress("warm-up %s", r)
		report.WarmUp = report.WarmUp.plus(r.Account)
		counts[i] = max(1, min(share, int(r.Rate()*longest.Seconds())))
	}
	for n := range config.Rounds {
		for turn := range config.Contenders {
			i := (n + turn) % len(config.Contenders)
			r, err := runRound(ctx, config.Contenders[i], config, counts[i])
			if err != nil {
				return nil, err
			}
			config.Progress("round %d %s", n+1, r)
			report.Rounds = append(report.Rounds, r)
		}
	}
	return report, nil
}

func (r Round) String() string {
	text := fmt.Sprintf("%s: %d messages in %v, %.0f msg/s", r.Contender, r.Messages, r.Elapsed.Round(time.Millisecond), r.Rate())
	if !r.Account.OK() {
		text += ", " + r.Account.String()
	}
	return text
}
