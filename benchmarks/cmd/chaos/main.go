// Command chaos runs a pipeline while its workers, its Redis and the connections
// between them fail, and tells whether anything was lost or doubled. See -help.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"

	"github.com/millstream-go/millstream/benchmarks/chaos"
)

func main() {
	chaos.Main()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// Exit codes. A run that lost or doubled anything has failed.
const (
	exitOK = iota
	exitFailed
	exitUsage
)

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	config, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		return exitUsage // the flag package has said why
	}
	fmt.Fprintf(stderr, "seed %d: -seed %[1]d makes the same plan of faults\n", config.Seed)
	config.Progress = func(format string, args ...any) { fmt.Fprintf(stderr, format+"\n", args...) }
	report, err := chaos.Run(ctx, config)
	if err != nil {
		fmt.Fprintln(stderr, "chaos: no verdict:", err)
		if report.Dir != "" {
			fmt.Fprintln(stderr, "what the workers did and said is in", report.Dir)
		}
		return exitFailed
	}
	if _, err := report.WriteTo(stdout); err != nil || !report.OK() {
		return exitFailed
	}
	return exitOK
}

// parse reads the flags; what is wrong with them it also prints.
func parse(args []string, stderr io.Writer) (chaos.Config, error) {
	var c chaos.Config
	flags := flag.NewFlagSet("chaos", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Uint64Var(&c.Seed, "seed", 0, "`number` that the plan of faults is made from (default random)")
	flags.DurationVar(&c.Duration, "duration", 0, "how long there are faults (default 1m)")
	flags.IntVar(&c.Workers, "workers", 4, "worker processes")
	flags.IntVar(&c.PerSecond, "rate", 400, "inputs a second")
	flags.BoolVar(&c.Trim, "trim", false, "trim what is done, and judge by what came out in the end")
	flags.BoolVar(&c.Keep, "keep", false, "keep the workers' logs even if the run passes")
	if err := flags.Parse(args); err != nil {
		return c, err
	}
	if c.Seed == 0 {
		c.Seed = rand.Uint64N(1_000_000)
	}
	var err error
	switch {
	case flags.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case c.Duration < 0 || c.Workers < 1 || c.PerSecond < 1:
		err = errors.New("neither time, workers nor inputs can be less than nothing")
	}
	if err != nil {
		fmt.Fprintln(stderr, "chaos:", err)
	}
	return c, err
}
