package main

import (
	"cmp"
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
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

func main() {
	// What goes wrong comes back as an error and is said once, in our words.
	redis.SetLogger(quiet{})
	setDefaults()
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// quiet is the logger of the Redis client.
type quiet struct{}

// Printf writes nothing.
func (quiet) Printf(context.Context, string, ...any) {}

// run is the program and returns its exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	command, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintln(stderr, "orders:", err)
		fmt.Fprintln(stderr, "see -h for how to use it")
		return exitUsage
	}
	command.stdin, command.stdout, command.stderr = stdin, stdout, stderr

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The first Ctrl-C drains. The next one is no longer caught, and kills.
	context.AfterFunc(ctx, stop)

	err = command.run(ctx)
	setting := new(settingError)
	switch {
	case errors.As(err, &setting):
		fmt.Fprintln(stderr, "orders:", err)
		return exitUsage
	case errors.Is(err, errInterrupted):
		fmt.Fprintf(stderr, "orders: %v; %s\n", err, command.outlook())
		return exitInterrupted
	case err != nil:
		fmt.Fprintln(stderr, "orders:", err)
		return exitFailed
	}
	return 0
}

// outlook says what becomes of a run that was interrupted.
func (c *command) outlook() string {
	switch {
	case c.redisURL == "":
		return "the embedded Redis is gone, the next run begins anew; with a REDIS_URL it would go on"
	case c.reset:
		return "the same command without -reset goes on where this one stopped"
	default:
		return "the same command goes on where this one stopped"
	}
}

// command is one call of the program.
type command struct {
	in       string
	redisURL string
	json     bool
	graph    bool
	reset    bool
	jaeger   string

	stdin          io.Reader
	stdout, stderr io.Writer
}

const usage = `orders runs a shop's orders through a durable pipeline.

usage: orders [-in FILE] [-redis URL] [-json | -graph] [-reset] [-jaeger URL]

Without a Redis it runs on an embedded one, in memory. With an OpenTelemetry collector
in OTEL_EXPORTER_OTLP_ENDPOINT, as in http://localhost:4317, it sends traces and metrics
there; other OTEL_ variables say how.

`

func parse(args []string, output io.Writer) (*command, error) {
	var c command
	flags := flag.NewFlagSet("orders", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&c.in, "in", "", "read orders from `FILE`, one JSON object a line; - is standard input (default: a bundled sample of 1,000)")
	flags.StringVar(&c.redisURL, "redis", "", "run on the Redis at `URL`, redis://host:port/db (default: the environment's REDIS_URL)")
	flags.BoolVar(&c.json, "json", false, "print one JSON object instead of tables")
	flags.BoolVar(&c.graph, "graph", false, "print the pipeline as a Mermaid graph and do nothing else")
	flags.BoolVar(&c.reset, "reset", false, "first delete what this example left in Redis")
	flags.StringVar(&c.jaeger, "jaeger", "", "the Jaeger at `URL` shows the traces, if any are exported (default: the environment's JAEGER_URL, or http://localhost:16686)")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(output, usage)
		flags.SetOutput(output)
		flags.PrintDefaults()
		return nil, err
	case err != nil:
		return nil, err
	case flags.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q: orders are read from -in FILE", flags.Arg(0))
	case c.json && c.graph:
		return nil, errors.New("-json and -graph exclude each other")
	}
	// The environment's URL is no flag's default: -h would show its password.
	if c.redisURL == "" {
		c.redisURL = os.Getenv("REDIS_URL")
	}
	c.jaeger, err = jaegerURL(cmp.Or(c.jaeger, os.Getenv("JAEGER_URL"), "http://localhost:16686"))
	return &c, err
}
