package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/millstream-go/millstream/examples/alerts/internal/oncall"
	"github.com/millstream-go/millstream/examples/internal/app"
)

func main() { app.Main("alerts", program) }

// roles are the programs in this one, by their names.
var roles = map[string]app.Program{
	"produce": produce,
	"consume": consume,
	"notify":  notify,
	"replay":  replay,
}

// program runs the role that the first argument names, or else all of them.
func program(ctx context.Context, args []string, std app.IO) error {
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		role, ok := roles[args[0]]
		if !ok {
			return app.Usage("%q is no role: want produce, consume, notify or replay, or none for a demonstration", args[0])
		}
		return role(ctx, args[1:], std)
	}
	return all(ctx, args, std)
}

// command is what the arguments ask for that name no role.
type command struct {
	redisURL string
	length   time.Duration
	chaos    bool
	graph    bool
	seed     uint64

	app.IO
}

const usage = `alerts distributes critical alerts over Redis Streams.

usage: alerts [-redis URL] [-for DURATION]     all roles for some seconds, with a live summary
       alerts -chaos [-redis URL] [-seed N]    everything is killed, then the books are checked
       alerts -graph                           the pipeline as a Mermaid graph
       alerts produce | consume | notify | replay    one role; -h after its name tells more

Without a Redis it runs on an embedded one, in memory; -chaos on a redis-server of its own,
if there is one on the PATH. With an OpenTelemetry collector in OTEL_EXPORTER_OTLP_ENDPOINT,
as in http://localhost:4317, all processes send traces and metrics there.

`

func all(ctx context.Context, args []string, std app.IO) error {
	c := command{IO: std}
	flags := flag.NewFlagSet("alerts", flag.ContinueOnError)
	app.RedisFlag(flags, &c.redisURL)
	flags.DurationVar(&c.length, "for", 15*time.Second, "raise alerts for so long; with -chaos it takes as long as its faults")
	flags.BoolVar(&c.chaos, "chaos", false, "kill consumers, producers, the notifier and Redis, and check that no alert is lost")
	flags.Uint64Var(&c.seed, "seed", 0, "the order of the faults of -chaos (default: another each time)")
	flags.BoolVar(&c.graph, "graph", false, "print the pipeline as a Mermaid graph and do nothing else")
	err := app.Parse(flags, usage, args, std.Stderr)
	given := given(flags)
	switch {
	case err != nil:
		return err
	case c.graph && c.chaos:
		return app.Usage("-graph and -chaos exclude each other")
	case c.length < time.Second:
		return app.Usage("-for must be a second at least")
	case c.chaos && given["for"]:
		return app.Usage("-for has no effect with -chaos")
	case !c.chaos && given["seed"]:
		return app.Usage("-seed is for -chaos")
	}
	c.redisURL = app.RedisURL(c.redisURL)
	switch {
	case c.graph:
		return c.printGraph()
	case c.chaos:
		return c.runChaos(ctx)
	default:
		return c.runDemo(ctx)
	}
}

// given has the names of the flags that were given.
func given(flags *flag.FlagSet) map[string]bool {
	names := make(map[string]bool)
	flags.Visit(func(f *flag.Flag) { names[f.Name] = true })
	return names
}

func (c command) printGraph() error {
	system, err := oncall.New(oncall.Config{Name: oncall.DefaultName})
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(c.Stdout, system.Pipeline.Mermaid())
	return err
}

// shared are the flags of roles that work on a Redis which others use, too.
type shared struct {
	redisURL string
	pipeline string
}

func (s *shared) add(flags *flag.FlagSet) {
	app.RedisFlag(flags, &s.redisURL)
	flags.StringVar(&s.pipeline, "pipeline", oncall.DefaultName, "the `NAME` of the pipeline; all that belong together have the same")
}

// check completes what was given.
func (s *shared) check(role string) error {
	if s.redisURL = app.RedisURL(s.redisURL); s.redisURL == "" {
		return app.Usage("alerts %s needs a Redis that the other roles reach, too: give one with -redis or REDIS_URL; alerts alone runs on an embedded one", role)
	}
	if s.pipeline == "" || strings.ContainsAny(s.pipeline, "{}: \t\n") {
		return app.Usage("-pipeline %q is no name: want one without braces, colons and blanks", s.pipeline)
	}
	return nil
}

// logger is that of a role. At Warn it says what somebody may want to look at.
func logger(std app.IO) *slog.Logger { return app.Logger(std.Stderr, slog.LevelWarn) }

// endless makes a good end of the interruption of a role that runs until it is told to end.
func endless(ctx context.Context, err error) error {
	if ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled)) {
		return nil
	}
	return err
}
