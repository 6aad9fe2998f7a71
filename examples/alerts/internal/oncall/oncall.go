// Package oncall composes the pipeline: it puts the domain's rules into stages, and says
// what a failure of each means.
package oncall

import (
	"context"
	"log/slog"
	"time"

	"github.com/millstream-go/millstream/examples/alerts/internal/alert"
	"github.com/millstream-go/millstream/examples/alerts/internal/history"
	"github.com/millstream-go/millstream/pipeline"
)

// DefaultName is the name of the pipeline unless another is given.
const DefaultName = "alerts"

// How many alerts a process works on at once in a stage. A page waits for somebody else's
// server, so there are more of these.
const (
	triaging = 8
	paging   = 32
)

// Config sets up a System. To look at the graph or at topics a Name is enough.
type Config struct {
	// Name is that of the pipeline, and so part of every key in Redis.
	Name string
	// Notifier tells people. It is called concurrently.
	Notifier alert.Notifier
	// History reads the warnings of a window.
	History *history.Reader
	// Window is the time over which the warnings of a service are gathered. All processes
	// need the same.
	Window time.Duration
	// Backoff is the longest pause between two attempts at a notifier that is down.
	Backoff time.Duration
	// Logger is told when the notifier goes down and comes back, and what the pipeline has to
	// say. Default: slog.Default().
	Logger *slog.Logger
}

// System is the pipeline and where its traces are.
type System struct {
	Pipeline *pipeline.Pipeline
	// Raised is where producers publish alerts, and the history of all that were.
	Raised pipeline.Flow[alert.Alert]
	// Again is where old alerts are published that somebody is to be told of once more.
	Again pipeline.Flow[Repeat]
	// Branches has the topic of each severity.
	Branches map[alert.Severity]string
	// Tickets is the topic of the tickets.
	Tickets string
}

// Repeat is an old alert of which somebody is to be told once more.
type Repeat struct {
	// Run names the replay: within one an alert is told once.
	Run   string      `json:"run"`
	Alert alert.Alert `json:"alert"`
}

// Prefix begins every key that a pipeline of this name has in Redis. The braces put them
// into one slot of a cluster.
func Prefix(name string) string { return "{" + name + "}:" }

// New composes the pipeline. It fails if OpenTelemetry refuses an instrument.
func New(c Config) (System, error) {
	m, err := newMeters()
	if err != nil {
		return System{}, err
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	s := &stages{Config: c, meters: m}
	// The reasons of errors quote what others wrote. They are kept with the alerts, in the
	// poison topic, and are no business of whoever looks at traces.
	p := pipeline.New(c.Name, pipeline.Logger(c.Logger), pipeline.Telemetry{HideErrors: true})

	raised := pipeline.Source[alert.Alert](p, "raised")
	critical := pipeline.NewBranch[alert.Alert](p, string(alert.Critical))
	warning := pipeline.NewBranch[alert.Alert](p, string(alert.Warning))
	info := pipeline.NewBranch[alert.Alert](p, string(alert.Info))
	pipeline.Route(raised, "triage", s.triage(critical, warning, info), pipeline.Branches(critical, warning, info),
		pipeline.Concurrency(triaging))

	pipeline.Sink(critical.Flow(), "page", s.page, pipeline.Concurrency(paging), s.insist("page"))

	s.warnings = topic(warning.Flow())
	windows := pipeline.Stage(warning.Flow(), "gather", s.gather, s.firstOfWindow())
	tickets := pipeline.Stage(windows, "digest", s.digest)
	pipeline.Sink(tickets, "ticket", s.open, s.insist("ticket"))

	pipeline.Sink(info.Flow(), "record", s.record)

	again := pipeline.Source[Repeat](p, "again")
	pipeline.Sink(again, "page-again", s.pageAgain, pipeline.Concurrency(paging), s.insist("page-again"))

	return System{
		Pipeline: p, Raised: raised, Again: again, Tickets: topic(tickets),
		Branches: map[alert.Severity]string{
			alert.Critical: topic(critical.Flow()),
			alert.Warning:  topic(warning.Flow()),
			alert.Info:     topic(info.Flow()),
		},
	}, nil
}

// topic returns the one topic of a flow that is not merged.
func topic[T any](f pipeline.Flow[T]) string { return f.Topics()[0] }

// RaisedTopic returns the name of the topic of Raised.
func (s System) RaisedTopic() string { return topic(s.Raised) }

// AgainTopic returns the name of the topic of Again.
func (s System) AgainTopic() string { return topic(s.Again) }

// route is the handler of a stage that routes alerts.
type route = func(context.Context, alert.Alert) (pipeline.Routed, error)
