package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Settings say how to measure.
type Settings struct {
	// Rounds is how often each contender runs, after its warm-up. Default: 3.
	Rounds int
	// Longest is about how long a round may take: messages are cut to what the warm-up
	// managed in that time. Default: 3 seconds.
	Longest time.Duration
	// Progress, if set, is told of each step that begins. It is called by one goroutine
	// at a time.
	Progress func(Step)
}

// Steps returns how many runs it takes to measure a case, warm-ups included.
func (s Settings) Steps(c *Case) int { return len(c.Contenders) * (1 + s.rounds(c)) }

func (s Settings) rounds(c *Case) int {
	rounds := s.Rounds
	if rounds < 1 {
		rounds = defaultRounds
	}
	if c.Rounds > 0 {
		rounds = min(rounds, c.Rounds)
	}
	return rounds
}

// Step is a run that begins.
type Step struct {
	Case      *Case
	Contender string
	// Round is 0 for the warm-up, and then from 1.
	Round int
	// Done is how many of the Steps of the case have ended.
	Done, Steps int
}

// warmUpShare is the part of the messages that a warm-up gets.
const warmUpShare = 10

const (
	defaultRounds  = 3
	defaultLongest = 3 * time.Second
)

// Measure runs the contenders of a case in turns and returns a result for each. What
// is lost or doubled on the way is in the results; an error means that a contender
// could not run.
func Measure(ctx context.Context, c *Case, s Settings) (results []Result, err error) {
	if len(c.Contenders) == 0 || c.Messages < 1 {
		return nil, fmt.Errorf("suite %s, %s: nothing to measure with %d contenders and %d messages",
			c.Suite, c.Name, len(c.Contenders), c.Messages)
	}
	run := newRun(c, s)
	if c.Open != nil {
		closing, failed := c.Open(ctx)
		if failed != nil {
			return nil, fmt.Errorf("suite %s, %s: %w", c.Suite, c.Name, failed)
		}
		defer func() { err = errors.Join(err, closing()) }()
	}
	if err := run.all(ctx); err != nil {
		return nil, fmt.Errorf("suite %s, %s: %w", c.Suite, c.Name, err)
	}
	for i, contender := range c.Contenders {
		results = append(results, result(c, contender.Name, run.rounds[i], run.warmUps[i]))
	}
	return results, nil
}

// run is a measurement of a case. Its slices have an item for each contender.
type run struct {
	*Case

	settings Settings
	counts   []int
	rounds   [][]Round
	warmUps  []*Account
	done     int
}

func newRun(c *Case, s Settings) *run {
	s.Rounds = s.rounds(c)
	if s.Longest <= 0 {
		s.Longest = defaultLongest
	}
	if s.Progress == nil {
		s.Progress = func(Step) {}
	}
	n := len(c.Contenders)
	r := &run{Case: c, settings: s, counts: make([]int, n), rounds: make([][]Round, n), warmUps: make([]*Account, n)}
	for i := range r.counts {
		r.counts[i] = c.Messages
	}
	return r
}

func (r *run) all(ctx context.Context) error {
	for i := range r.Contenders {
		if err := r.warmUp(ctx, i); err != nil {
			return err
		}
	}
	for n := range r.settings.Rounds {
		for _, i := range order(n, len(r.Contenders)) {
			round, err := r.step(ctx, i, n+1, r.counts[i])
			if err != nil {
				return err
			}
			r.rounds[i] = append(r.rounds[i], round)
		}
	}
	return nil
}

// order returns the order of contenders in round n: each begins a round in turn, and every
// other round goes backwards, so that nobody always comes behind the same one.
func order(n, contenders int) []int {
	turns := make([]int, contenders)
	for turn := range turns {
		turns[turn] = (n + turn) % contenders
	}
	if n%2 == 1 {
		slices.Reverse(turns[1:])
	}
	return turns
}

// warmUp also finds out how many messages a contender gets.
func (r *run) warmUp(ctx context.Context, i int) error {
	round, err := r.step(ctx, i, 0, max(1, r.Messages/warmUpShare))
	if err != nil {
		return err
	}
	r.warmUps[i] = &round.Account
	if managed := int(round.Rate(r.Receivers) * r.settings.Longest.Seconds()); !r.Paced {
		r.counts[i] = max(1, min(r.Messages, managed))
	}
	return nil
}

func (r *run) step(ctx context.Context, i, n, messages int) (Round, error) {
	if ctx.Err() != nil {
		return Round{}, context.Cause(ctx)
	}
	contender := r.Contenders[i]
	r.settings.Progress(Step{
		Case: r.Case, Contender: contender.Name, Round: n,
		Done: r.done, Steps: r.settings.Steps(r.Case),
	})
	r.done++
	round, err := contender.Measure(ctx, messages)
	if err != nil {
		return round, fmt.Errorf("%s: %w", contender.Name, err)
	}
	if a := round.Account; a.Sent*max(1, r.Receivers) != a.Received+a.Lost {
		return round, fmt.Errorf("%s: the account does not add up: %v", contender.Name, a)
	}
	return round, nil
}
