package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/google/uuid"
	"golang.org/x/term"

	"github.com/millstream-go/millstream/examples/alerts/internal/alert"
	"github.com/millstream-go/millstream/examples/alerts/internal/intake"
	"github.com/millstream-go/millstream/examples/alerts/internal/oncall"
	"github.com/millstream-go/millstream/examples/alerts/internal/receiver"
	"github.com/millstream-go/millstream/examples/internal/app"
)

// maxRate is how many alerts a second may be made up.
const maxRate = 100_000

const produceUsage = `alerts produce publishes the alerts of a host.

usage: alerts produce -redis URL [-in FILE] [-host NAME] [-service NAME] [-acks]
       alerts produce -redis URL -rate N [-count N] [-host NAME] [-acks]

It reads one JSON object a line:

  {"severity":"critical","service":"checkout","host":"web-1","summary":"error rate above 5 %"}

id (what makes it the same alert when it is sent again), host, service and raised_at may be
left out. A line that is no alert is rejected before anything of it is published: its number
and the reason are on standard error, the others are published all the same, and the exit
code is 1 at the end. While Redis is away alerts wait, and so does whoever writes them.

`

// producer is one call of the role.
type producer struct {
	shared
	in            string
	rate          float64
	count         int
	host, service string
	acks          bool

	app.IO
}

// errRejected is the end of an input that had wrong lines.
type errRejected int

// Error says how many.
func (n errRejected) Error() string {
	if n == 1 {
		return "1 line was rejected and not published: mend it and send it again"
	}
	return fmt.Sprintf("%d lines were rejected and not published: mend them and send them again", int(n))
}

func produce(ctx context.Context, args []string, std app.IO) error {
	p := producer{IO: std}
	flags := flag.NewFlagSet("alerts produce", flag.ContinueOnError)
	p.add(flags)
	flags.StringVar(&p.in, "in", "-", "read alerts from `FILE`; - is standard input")
	flags.Float64Var(&p.rate, "rate", 0, "make up `N` alerts a second instead of reading any")
	flags.IntVar(&p.count, "count", 0, "with -rate: end after `N` alerts (default: when told to)")
	flags.StringVar(&p.host, "host", hostname(), "the host of alerts that name none")
	flags.StringVar(&p.service, "service", "", "the service of alerts that name none")
	flags.BoolVar(&p.acks, "acks", false, "print the id and severity of each alert once Redis has it")
	err := app.Parse(flags, produceUsage, args, std.Stderr)
	switch {
	case err != nil:
		return err
	case given(flags)["rate"] && !(p.rate > 0 && p.rate <= maxRate): // which NaN is not, either
		return app.Usage("-rate must be above 0, and at most %d", maxRate)
	case p.count < 0 || p.count > 0 && p.rate == 0:
		return app.Usage("-count must be positive, and is for -rate")
	case p.in != "-" && p.rate > 0:
		return app.Usage("-in and -rate exclude each other")
	}
	if err := p.check("produce"); err != nil {
		return err
	}
	return p.run(ctx)
}

// hostname returns that of this machine.
func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	return name
}

func (p *producer) run(ctx context.Context) error {
	shutdown, err := app.Telemetry(ctx, "alerts-produce", p.Stderr)
	if err != nil {
		return err
	}
	defer shutdown()
	in, err := p.open()
	if err != nil {
		return err
	}
	defer in.Close()
	client, stop, err := app.Connect(ctx, p.redisURL, p.Stderr)
	if err != nil {
		return err
	}
	defer stop()
	system, err := oncall.New(oncall.Config{Name: p.pipeline})
	if err != nil {
		return err
	}
	publisher, err := intake.NewPublisher(client, system.RaisedTopic(), logger(p.IO))
	if err != nil {
		return err
	}
	defer publisher.Close()
	return p.feed(ctx, in, publisher)
}

func (p *producer) open() (io.ReadCloser, error) {
	if p.in == "-" {
		if in, ok := p.Stdin.(*os.File); ok && p.rate == 0 && term.IsTerminal(int(in.Fd())) {
			fmt.Fprintln(p.Stderr, `type alerts, one a line, as {"severity":"info","service":"checkout","summary":"hello"}; Ctrl-D ends it`)
		}
		return io.NopCloser(p.Stdin), nil
	}
	file, err := os.Open(p.in)
	if err != nil {
		return nil, fmt.Errorf("%w: -in takes a file of alerts, one JSON object a line, or - for standard input", err)
	}
	return file, nil
}

// feed publishes what there is, and sums it up.
func (p *producer) feed(ctx context.Context, in io.Reader, publisher *intake.Publisher) error {
	origin := alert.Origin{Host: p.host, Service: p.service, NewID: uuid.NewString, Now: time.Now}
	acked := make(map[alert.Severity]int)
	out := bufio.NewWriter(p.Stdout)
	sink := func(ctx context.Context, alerts ...alert.Alert) error {
		if err := publisher.Publish(ctx, alerts...); err != nil {
			return err
		}
		for _, a := range alerts {
			acked[a.Severity]++
			if p.acks {
				fmt.Fprintln(out, a.ID, a.Severity)
			}
		}
		return out.Flush()
	}
	rejected := 0
	var err error
	if p.rate > 0 {
		g := &intake.Generator{Services: []string{"checkout", "search", "mail", receiver.Unowned}, Origin: origin}
		err = endless(ctx, intake.Generate(ctx, g, p.rate, p.count, sink))
	} else {
		f := intake.Feed{Origin: origin, Sink: sink, Rejected: func(number int, err error) {
			fmt.Fprintf(p.Stderr, "line %d: %v\n", number, err)
		}}
		if rejected, err = f.Run(ctx, in); ctx.Err() != nil && endless(ctx, err) == nil {
			err = app.ErrInterrupted
		}
	}
	fmt.Fprintf(p.Stderr, "%d alerts are in Redis: %d critical, %d warning, %d info\n",
		acked[alert.Critical]+acked[alert.Warning]+acked[alert.Info], acked[alert.Critical], acked[alert.Warning], acked[alert.Info])
	if err == nil && rejected > 0 {
		return errRejected(rejected)
	}
	return err
}
