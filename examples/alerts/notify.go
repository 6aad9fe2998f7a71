package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"github.com/millstream-go/millstream/examples/alerts/internal/receiver"
	"github.com/millstream-go/millstream/examples/internal/app"
)

const notifyUsage = `alerts notify takes pages and tickets by HTTP, as a real pager and ticket desk would.

usage: alerts notify [-listen ADDRESS] [-book FILE] [-down D] [-latency D]

  POST /pages, /tickets   with an Idempotency-Key; people are told once for each key
  GET  /received          what it took so far
  PUT  /mood              {"down":true} has it answer 503 until {"down":false}
  GET  /health

It refuses what is of the service legacy, for nobody is on call for that. It runs until Ctrl-C.

`

func notify(ctx context.Context, args []string, std app.IO) (err error) {
	var listen, name string
	var down, latency time.Duration
	flags := flag.NewFlagSet("alerts notify", flag.ContinueOnError)
	flags.StringVar(&listen, "listen", "localhost:8090", "serve HTTP on `ADDRESS`; localhost:0 is a free port")
	flags.StringVar(&name, "book", "", "keep what was taken in `FILE`, also for the next run (default: nothing is kept)")
	flags.DurationVar(&down, "down", 0, "be down for so long at first")
	flags.DurationVar(&latency, "latency", 0, "take so long for an answer")
	if err := app.Parse(flags, notifyUsage, args, std.Stderr); err != nil {
		return err
	}
	if down < 0 || latency < 0 {
		return app.Usage("-down and -latency must not be negative")
	}
	shutdown, err := app.Telemetry(ctx, "alerts-notify", std.Stderr)
	if err != nil {
		return err
	}
	defer shutdown()
	book := receiver.NewBook()
	if name != "" {
		if book, err = receiver.OpenBook(name); err != nil {
			return err
		}
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	listener, err := app.Listen(ctx, listen)
	if err != nil {
		return err
	}
	r := receiver.New(book, latency, logger(std))
	if down > 0 {
		r.SetDown(true)
		defer time.AfterFunc(down, func() { r.SetDown(false) }).Stop()
	}
	fmt.Fprintf(std.Stdout, "pages and tickets at http://%s/pages and /tickets\n", listener.Addr())
	return app.Serve(ctx, listener, r.Handler())
}
