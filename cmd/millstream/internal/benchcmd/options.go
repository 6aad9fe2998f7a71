package benchcmd

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/benchmarks/suites"
)

// options is what the command line asks for.
type options struct {
	config     suites.Config
	transports []string
	redisURL   string
	rounds     int
	json       bool
	out        string
	profiles   profiles
}

const (
	// defaultRounds is the least that has a median worth the name, for --quick, too:
	// that is quick by shorter rounds.
	defaultRounds = 3
	longestRound  = 3 * time.Second
	quickRound    = time.Second
)

func (o *options) register(c *cobra.Command) {
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&o.redisURL, "redis", "", "`URL` of the Redis to measure on, like redis://user:password@localhost:6379/0; REDIS_URL is not read (default a redis-server started for this)")
	f.StringSliceVar(&o.transports, "transports", nil, "`names` of the contenders that take part, with commas between them; streams stands for the first four (default all)")
	f.IntSliceVar(&o.config.Stages, "stages", nil, "`lengths` of the chains, with commas between them (default each suite's own)")
	f.IntVar(&o.config.Messages, "messages", 0, "the `most` messages that a round sends (default each suite's own)")
	f.IntVar(&o.config.Size, "size", 0, fmt.Sprintf("`bytes` in a payload, at least %d (default 200)", suites.MinSize))
	f.IntVar(&o.config.Concurrency, "concurrency", 0, "`messages` that a stage works on at once (default 1)")
	f.IntVar(&o.config.Rate, "rate", 0, "`messages` sent a second where the rate is fixed (default each suite's own)")
	f.IntVar(&o.rounds, "rounds", defaultRounds, "`number` of rounds of each contender; compare needs 4 or more to tell a change from noise")
	f.BoolVar(&o.config.Quick, "quick", false, "smaller and shorter: an answer in a minute or two, with more noise")
	f.BoolVar(&o.json, "json", false, "write the results to standard output as a JSON array, and nothing else there")
	f.StringVar(&o.out, "out", "", "`directory` for results.json, a report and plots; what has these names is overwritten")
	o.profiles.register(f)
	// They fail only for a flag that does not exist.
	_ = c.RegisterFlagCompletionFunc("transports", completeTransports)
	_ = c.MarkFlagDirname("out")
	for _, name := range []string{"redis", "stages", "messages", "size", "concurrency", "rate", "rounds"} {
		_ = c.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
}

// check returns all that is wrong with the options, and puts them in their final form.
func (o *options) check(flags *pflag.FlagSet) error {
	var faults []error
	for _, name := range []string{"messages", "size", "concurrency", "rate"} {
		// To the suites 0 means that nothing was said.
		if value, _ := flags.GetInt(name); value == 0 && flags.Changed(name) {
			faults = append(faults, fmt.Errorf("%s: 0 is too small", name))
		}
	}
	if o.rounds < 1 {
		faults = append(faults, fmt.Errorf("rounds: %d is too small, 1 is the least", o.rounds))
	}
	for i, name := range o.transports {
		o.transports[i] = strings.TrimSpace(name)
	}
	if flags.Changed("transports") && len(o.transports) == 0 {
		faults = append(faults, errors.New("transports: none is named"))
	}
	o.config.Stages = unique(o.config.Stages)
	var err error
	if len(o.transports) > 0 {
		o.config.Transports, err = suites.Transports(o.transports...)
	}
	return errors.Join(append(faults, err, o.config.Check())...)
}

func (o *options) settings() bench.Settings {
	s := bench.Settings{Rounds: o.rounds, Longest: longestRound}
	if o.config.Quick {
		s.Longest = quickRound
	}
	return s
}

// unique returns values without those that were there before.
func unique[T comparable](values []T) []T {
	var once []T
	for _, v := range values {
		if !slices.Contains(once, v) {
			once = append(once, v)
		}
	}
	return once
}
