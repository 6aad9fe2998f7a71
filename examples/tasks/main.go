package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	"github.com/millstream-go/millstream/examples/internal/app"
	"github.com/millstream-go/millstream/examples/tasks/internal/flow"
)

func main() { app.Main("tasks", program) }

// program runs the command that the arguments are.
func program(ctx context.Context, args []string, std app.IO) error {
	c, err := parse(args, std.Stderr)
	if err != nil {
		return err
	}
	c.IO = std
	switch {
	case c.graph:
		_, err := fmt.Fprint(c.Stdout, graph())
		return err
	case c.role == roleAPI:
		return c.api(ctx)
	case c.role == roleIndex:
		return c.index(ctx)
	default:
		return c.system(ctx)
	}
}

// graph draws the pipeline.
func graph() string { return flow.New(nil, nil, nil).Mermaid() }

// The first argument may be one of these.
const (
	roleServe = "serve"
	roleAPI   = "api"
	roleIndex = "index"
)

// Where events for an index come from.
const (
	fromStreams = "streams"
	fromPubSub  = "pubsub"
)

// How many tasks the demonstration may have. Of more the index on Pub/Sub, which holds 1,024
// events that wait, might lose some already while it listens.
const minTasks, maxTasks = 15, 1000

// command is one call of the program.
type command struct {
	role     string
	redisURL string
	data     string
	http     string
	from     string
	demo     bool
	tasks    int
	chaos    bool
	graph    bool
	reset    bool

	app.IO
}

const usage = `tasks is a REST API of tasks with full-text search, kept current by Redis Pub/Sub and by a stream.

usage: tasks [-redis URL] [-data DIR] [-http ADDRESS] [-demo=false | -tasks N] [-chaos | -graph] [-reset]
       tasks serve [...]     the same without the demonstration
       tasks api   [...]     the API alone: needs -redis and -data
       tasks index [...]     one index alone: needs -redis, -data and -from

Without a Redis it runs on an embedded one, in memory. With an OpenTelemetry collector in
OTEL_EXPORTER_OTLP_ENDPOINT, as in http://localhost:4317, it sends traces and metrics there;
other OTEL_ variables say how.

`

func parse(args []string, output io.Writer) (*command, error) {
	var c command
	if len(args) > 0 && (args[0] == roleServe || args[0] == roleAPI || args[0] == roleIndex) {
		c.role, args = args[0], args[1:]
	}
	flags := flag.NewFlagSet("tasks", flag.ContinueOnError)
	app.RedisFlag(flags, &c.redisURL)
	flags.StringVar(&c.data, "data", "", "keep tasks and indexes in `DIR`, their events being in -redis (default: a temporary one, gone at exit together with what is in Redis)")
	flags.StringVar(&c.http, "http", "", "serve HTTP on `ADDRESS` (default: localhost:8080; of a part alone: a free port)")
	flags.BoolVar(&c.demo, "demo", true, "begin with a demonstration")
	flags.IntVar(&c.tasks, "tasks", 300, "the demonstration has `N` tasks")
	flags.BoolVar(&c.chaos, "chaos", false, "kill processes while tasks change, check the books, and end: 0 if they are right")
	flags.BoolVar(&c.graph, "graph", false, "print the pipeline as a Mermaid graph and do nothing else")
	flags.BoolVar(&c.reset, "reset", false, "first delete what this example left in Redis and in -data")
	flags.StringVar(&c.from, "from", "", "of index: events come from `streams` or pubsub")
	if err := app.Parse(flags, usage, args, output); err != nil {
		return nil, err
	}
	c.redisURL = app.RedisURL(c.redisURL)
	return &c, c.check()
}

func (c *command) check() error {
	alone := c.role == roleAPI || c.role == roleIndex
	switch {
	case c.chaos && c.graph:
		return app.Usage("-chaos and -graph exclude each other")
	case c.role != "" && (c.chaos || c.graph):
		return app.Usage("%s takes neither -chaos nor -graph", c.role)
	case c.chaos && c.data != "":
		return app.Usage("-chaos makes tasks of its own, in a temporary directory: leave out -data")
	case c.tasks < minTasks || c.tasks > maxTasks:
		return app.Usage("-tasks must be from %d to %d, got %d", minTasks, maxTasks, c.tasks)
	case !alone && c.data != "" && c.redisURL == "":
		return app.Usage("-data keeps tasks whose events must be kept, too, and an embedded Redis forgets them: give -redis")
	case c.role == roleIndex && c.from != fromStreams && c.from != fromPubSub:
		return app.Usage("index needs -from streams or -from pubsub, got %q", c.from)
	case c.role != roleIndex && c.from != "":
		return app.Usage("-from is of index alone")
	case alone && c.redisURL == "":
		return app.Usage("%s needs the Redis that the other parts use: give -redis or REDIS_URL", c.role)
	case alone && c.data == "":
		return app.Usage("%s needs a directory: give -data", c.role)
	case alone && c.reset:
		return app.Usage("%s takes no -reset: other parts may be at work", c.role)
	}
	return nil
}
