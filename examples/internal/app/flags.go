package app

import (
	"errors"
	"flag"
	"fmt"
	"io"
)

// usageError is of the arguments.
type usageError struct{ error }

func (e *usageError) Unwrap() error { return e.error }

// Usage returns an error of the program's arguments.
func Usage(format string, values ...any) error {
	return &usageError{fmt.Errorf(format, values...)}
}

// Parse parses the arguments with the flags, and lets no others remain. With -h it writes
// the usage and the flags to help and returns flag.ErrHelp.
func Parse(flags *flag.FlagSet, usage string, args []string, help io.Writer) error {
	flags.Init(flags.Name(), flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(help, usage)
		flags.SetOutput(help)
		flags.PrintDefaults()
		return err
	case err != nil:
		return &usageError{err}
	case flags.NArg() > 0:
		return Usage("unexpected argument %q", flags.Arg(0))
	default:
		return nil
	}
}

// RedisFlag adds the flag -redis. RedisURL completes what it was given.
func RedisFlag(flags *flag.FlagSet, url *string) {
	flags.StringVar(url, "redis", "", "run on the Redis at `URL`, redis://host:port/db (default: the environment's REDIS_URL)")
}
