package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/redis/go-redis/v9"
)

// The exit codes, beside 0.
const (
	ExitFailed      = 1
	ExitUsage       = 2
	ExitInterrupted = 130
)

// ErrInterrupted is what a program returns that a signal ended before its work was done.
// One that runs until it is told to end returns nil then.
var ErrInterrupted = errors.New("interrupted")

// IO is what a program reads and writes.
type IO struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// Program is what an example does with its arguments. Its context ends at the first
// Ctrl-C or SIGTERM, which asks it to finish what it began; the next one kills it.
type Program func(ctx context.Context, args []string, std IO) error

// Main runs a program and ends the process with its exit code.
func Main(name string, program Program) {
	// What goes wrong comes back as an error and is said once, in our words.
	redis.SetLogger(quiet{})
	setDefaults()
	os.Exit(Run(name, program, os.Args[1:], IO{os.Stdin, os.Stdout, os.Stderr}))
}

// quiet is the logger of the Redis client.
type quiet struct{}

// Printf writes nothing.
func (quiet) Printf(context.Context, string, ...any) {}

// Run runs a program, says what went wrong, and returns its exit code.
func Run(name string, program Program, args []string, std IO) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	err := program(ctx, args, std)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	fmt.Fprintf(std.Stderr, "%s: %v\n", name, err)
	usage := new(usageError)
	setting := new(settingError)
	switch {
	case errors.As(err, &usage):
		fmt.Fprintln(std.Stderr, "see -h for how to use it")
		return ExitUsage
	case errors.As(err, &setting):
		return ExitUsage
	case errors.Is(err, ErrInterrupted):
		return ExitInterrupted
	default:
		return ExitFailed
	}
}
