package main

import (
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/millstream-go/millstream/benchmarks/reliability"
)

// options is what the command line asks for.
type options struct {
	config reliability.Config
	// write tells to write the table into the README and the page.
	write        bool
	readme, page string
}

// parse reads the flags; what is wrong with them it also prints.
func parse(args []string, stderr io.Writer) (options, error) {
	o := options{readme: "README.md", page: "docs/reliability.md"}
	flags := flag.NewFlagSet("reliability", flag.ContinueOnError)
	flags.SetOutput(stderr)
	faults := flags.String("faults", strings.Join(reliability.Names(), ","), "what is to go wrong")
	flags.DurationVar(&o.config.Watch, "watch", 5*time.Second, "how long to look for what may never come")
	flags.IntVar(&o.config.Parallel, "parallel", 8, "faults at once")
	flags.BoolVar(&o.write, "write", false, "write "+o.page+" and the table in "+o.readme+" instead of printing")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	var err error
	if o.config.Faults, err = reliability.Select(strings.Split(*faults, ",")...); err == nil {
		err = check(flags.Args(), o)
	}
	if err != nil {
		fmt.Fprintln(stderr, "reliability:", err)
	}
	return o, err
}

func check(rest []string, o options) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case o.config.Watch < time.Second:
		return fmt.Errorf("-watch %v is too short to tell slow from never, a second is the least", o.config.Watch)
	case o.config.Parallel < 1:
		return fmt.Errorf("-parallel %d is too few", o.config.Parallel)
	case o.write && len(o.config.Faults) < len(reliability.Faults()):
		return fmt.Errorf("-write needs all faults")
	default:
		return nil
	}
}
