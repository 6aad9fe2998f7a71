package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/millstream-go/millstream/examples/internal/app"
)

func main() { app.Main("orders", program) }

// program runs the command that the arguments are.
func program(ctx context.Context, args []string, std app.IO) error {
	c, err := parse(args, std.Stderr)
	if err != nil {
		return err
	}
	c.IO = std
	if err := c.run(ctx); !errors.Is(err, app.ErrInterrupted) {
		return err
	}
	return fmt.Errorf("%w; %s", app.ErrInterrupted, c.outlook())
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

	app.IO
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
	flags.StringVar(&c.in, "in", "", "read orders from `FILE`, one JSON object a line; - is standard input (default: a bundled sample of 1,000)")
	app.RedisFlag(flags, &c.redisURL)
	flags.BoolVar(&c.json, "json", false, "print one JSON object instead of tables")
	flags.BoolVar(&c.graph, "graph", false, "print the pipeline as a Mermaid graph and do nothing else")
	flags.BoolVar(&c.reset, "reset", false, "first delete what this example left in Redis")
	flags.StringVar(&c.jaeger, "jaeger", "", "the Jaeger at `URL` shows the traces, if any are exported (default: the environment's JAEGER_URL, or http://localhost:16686)")
	err := app.Parse(flags, usage, args, output)
	switch {
	case err != nil:
		return nil, err
	case c.json && c.graph:
		return nil, app.Usage("-json and -graph exclude each other")
	}
	c.redisURL = app.RedisURL(c.redisURL)
	c.jaeger, err = jaegerURL(cmp.Or(c.jaeger, os.Getenv("JAEGER_URL"), "http://localhost:16686"))
	return &c, err
}
