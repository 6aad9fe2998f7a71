package main

import (
	"cmp"
	"context"
	"flag"
	"net"
	"regexp"
	"time"

	"github.com/millstream-go/millstream/examples/internal/app"
)

func main() { app.Main("userservice", program) }

// program runs the command that the arguments are.
func program(ctx context.Context, args []string, std app.IO) error {
	c, err := parse(args, std)
	switch {
	case err != nil:
		return err
	case c.graph:
		return c.printGraph()
	case c.chaos:
		return c.runChaos(ctx)
	default:
		return c.serve(ctx)
	}
}

// The roles of a process.
const (
	roleAll     = "all"
	roleAPI     = "api"
	roleWorkers = "workers"
)

// command is one call of the program.
type command struct {
	listen   string
	db       string
	redisURL string
	role     string
	name     string
	smtp     string
	backoff  time.Duration
	samples  int
	graph    bool
	chaos    bool

	app.IO
}

const usage = `userservice registers users over HTTP, and tells three services of each.

usage: userservice [-listen ADDRESS] [-db FILE] [-redis URL] [-role all|api|workers]
                   [-name NAME] [-smtp ADDRESS] [-backoff TIME] [-samples N]
       userservice -chaos [-redis URL]
       userservice -graph [-name NAME]

It runs until Ctrl-C. Without a Redis it runs on an embedded one, in memory, and without a
mail server on a fake one, which fails for some addresses. With an OpenTelemetry collector in
OTEL_EXPORTER_OTLP_ENDPOINT, as in http://localhost:4317, it sends traces and metrics there.

`

func parse(args []string, std app.IO) (*command, error) {
	c := command{IO: std}
	flags := flag.NewFlagSet("userservice", flag.ContinueOnError)
	flags.StringVar(&c.listen, "listen", "", "serve HTTP on `ADDRESS`, with port 0 on a free one (default localhost:8080)")
	flags.StringVar(&c.db, "db", "", "keep users in the SQLite database `FILE`, which is made if there is none (default: a temporary one, removed at the end)")
	app.RedisFlag(flags, &c.redisURL)
	flags.StringVar(&c.role, "role", roleAll, "`ROLE` is what the process does: all, or only api (HTTP, outbox, live feed) or workers (e-mail, analytics), which need -db and a Redis")
	flags.StringVar(&c.name, "name", "users", "`NAME` is part of the names of all keys in Redis")
	flags.StringVar(&c.smtp, "smtp", "", "send mails by the server at `ADDRESS`, host:port, without TLS (default: a fake one)")
	flags.DurationVar(&c.backoff, "backoff", 500*time.Millisecond, "try a mail again after up to `TIME` at first, and after up to twice as long each time")
	flags.IntVar(&c.samples, "samples", 0, "have `N` sample users register, one a second (default 6 with a temporary database, else 0)")
	flags.BoolVar(&c.graph, "graph", false, "print the pipelines as Mermaid graphs and do nothing else")
	flags.BoolVar(&c.chaos, "chaos", false, "run several processes, kill them again and again, let mails fail, and check that nothing was lost or doubled")
	if err := app.Parse(flags, usage, args, std.Stderr); err != nil {
		return nil, err
	}
	c.redisURL = app.RedisURL(c.redisURL)
	set := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { set[f.Name] = true })
	if err := c.check(set); err != nil {
		return nil, err
	}
	c.listen = cmp.Or(c.listen, "localhost:8080")
	return &c, nil
}

var names = regexp.MustCompile(`^[a-z0-9-]{1,60}$`)

// check holds the flags against each other.
func (c *command) check(set map[string]bool) error {
	if c.graph && c.chaos {
		return app.Usage("-graph and -chaos exclude each other")
	}
	if c.chaos {
		for _, name := range []string{"listen", "db", "role", "name", "smtp", "backoff", "samples"} {
			if set[name] {
				return app.Usage("-chaos has no use for -%s: it starts processes of its own", name)
			}
		}
	}
	switch c.role {
	case roleAll:
	case roleAPI, roleWorkers:
		if c.db == "" || c.redisURL == "" {
			return app.Usage("-role %s needs -db and -redis (or REDIS_URL): they are what the processes share", c.role)
		}
	default:
		return app.Usage("-role must be all, api or workers, got %q", c.role)
	}
	if !names.MatchString(c.name) {
		return app.Usage("-name must be 1 to 60 of a-z, 0-9 and -, got %q", c.name)
	}
	if c.smtp != "" {
		if _, _, err := net.SplitHostPort(c.smtp); err != nil {
			return app.Usage("-smtp must be host:port, as in localhost:25, got %q", c.smtp)
		}
	}
	if c.backoff < time.Millisecond || c.backoff > time.Hour {
		return app.Usage("-backoff must be from 1ms to 1h, got %v", c.backoff)
	}
	return c.checkSamples(set["samples"])
}

// checkSamples also decides how many there are if nothing was said.
func (c *command) checkSamples(set bool) error {
	switch {
	case set && (c.samples < 0 || c.samples > len(samples)):
		return app.Usage("-samples must be from 0 to %d, got %d", len(samples), c.samples)
	case c.role == roleWorkers && c.samples > 0:
		return app.Usage("-samples needs a process that serves the API")
	case !set && c.role == roleAll && c.db == "":
		c.samples = len(samples)
	case !set:
		c.samples = 0
	}
	return nil
}
