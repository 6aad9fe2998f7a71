package main

import (
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/millstream-go/millstream/benchmarks/chain"
)

// options is what the command line asks for.
type options struct {
	config                 chain.Config
	redisURL               string
	cpuProfile, memProfile string
}

// minRounds is the least that has a median worth the name.
const minRounds = 3

// parse reads the flags; what is wrong with them it also prints.
func parse(args []string, redisURL string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("chain", flag.ContinueOnError)
	flags.SetOutput(stderr)
	// Not the default of the flag, which -help would print with its password.
	flags.StringVar(&o.redisURL, "redis", "", "`URL` of the Redis to use (default REDIS_URL, else a redis-server started for this)")
	flags.IntVar(&o.config.Stages, "stages", 3, "stages in the chain")
	flags.IntVar(&o.config.Messages, "messages", 100_000, "messages in a round; stock Watermill gets a tenth of them")
	flags.IntVar(&o.config.Size, "size", 200, "bytes in a payload")
	flags.IntVar(&o.config.Rounds, "rounds", minRounds, "rounds, at least 3")
	flags.IntVar(&o.config.Concurrency, "concurrency", 1, "messages that a stage works on at once")
	contenders := flags.String("contenders", strings.Join(chain.Names(chain.Contenders()), ","), "who is to run")
	wrapped := flags.Bool("middleware", false, "run pipelines without middleware, with the default chain and with each part alone, and no others")
	traced := flags.Bool("tracing", false, "run pipelines without tracing and metrics and with more and more of it, and no others")
	flags.StringVar(&o.cpuProfile, "cpuprofile", "", "`file` for a CPU profile, its samples labelled with the contender")
	flags.StringVar(&o.memProfile, "memprofile", "", "`file` for a profile of allocations")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.redisURL == "" {
		o.redisURL = redisURL
	}
	var err error
	if *wrapped {
		*contenders = strings.Join(chain.Names(chain.Wrapped()), ",")
	}
	if *traced {
		*contenders = strings.Join(chain.Names(chain.Traced()), ",")
	}
	if o.config.Contenders, err = chain.Select(strings.Split(*contenders, ",")...); err == nil {
		err = check(flags.Args(), o)
	}
	if err != nil {
		fmt.Fprintln(stderr, "chain:", err)
	}
	return o, err
}

func check(rest []string, o options) error {
	if len(rest) > 0 {
		return fmt.Errorf("unexpected argument %q", rest[0])
	}
	if o.config.Rounds < minRounds {
		return fmt.Errorf("-rounds %d is too few, %d is the least", o.config.Rounds, minRounds)
	}
	return o.config.Check()
}
