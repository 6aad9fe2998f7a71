package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/alerts/internal/endpoint"
	"github.com/millstream-go/millstream/examples/alerts/internal/history"
	"github.com/millstream-go/millstream/examples/alerts/internal/oncall"
	"github.com/millstream-go/millstream/examples/alerts/internal/webhook"
	"github.com/millstream-go/millstream/examples/internal/app"
	"github.com/millstream-go/millstream/examples/internal/web"
	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
	"github.com/millstream-go/millstream/tracing"
)

// drainTimeout is how long a consumer that ends finishes what it began: a little more than
// the notifier may take for an answer.
const drainTimeout = 8 * time.Second

const consumeUsage = `alerts consume works on alerts, and shares them with all others that do.

usage: alerts consume -redis URL [-notifier URL] [-metrics ADDRESS] [-window D] [-backoff D] [-keep D] [-idle D]

Critical alerts go to the notifier at once, warnings of one service are gathered over a window
into one ticket, infos are recorded. It runs until Ctrl-C, and finishes what it began.

`

// consumer is one call of the role.
type consumer struct {
	shared
	notifier, metrics           string
	window, backoff, keep, idle time.Duration

	app.IO
}

func consume(ctx context.Context, args []string, std app.IO) error {
	c := consumer{IO: std}
	flags := flag.NewFlagSet("alerts consume", flag.ContinueOnError)
	c.add(flags)
	flags.StringVar(&c.notifier, "notifier", "http://localhost:8090", "tell the notifier at `URL`")
	flags.StringVar(&c.metrics, "metrics", "localhost:9464", "serve /metrics for Prometheus and /health on `ADDRESS`; localhost:0 is a free port, none is not at all")
	flags.DurationVar(&c.window, "window", time.Minute, "gather warnings over so long; all consumers need the same")
	flags.DurationVar(&c.backoff, "backoff", 30*time.Second, "the longest pause between attempts at a notifier that is down")
	flags.DurationVar(&c.keep, "keep", 24*time.Hour, "keep the history for so long")
	flags.DurationVar(&c.idle, "idle", streams.DefaultIdleTime, "take over what a consumer has that was silent for so long")
	err := app.Parse(flags, consumeUsage, args, std.Stderr)
	switch {
	case err != nil:
		return err
	case c.window < 100*time.Millisecond:
		return app.Usage("-window must be 100ms at least")
	case c.backoff < 100*time.Millisecond:
		return app.Usage("-backoff must be 100ms at least")
	case c.keep < 2*c.window:
		return app.Usage("-keep must be two windows at least: tickets are made of the history")
	case c.idle < 500*time.Millisecond:
		return app.Usage("-idle must be 500ms at least")
	}
	if err := c.check("consume"); err != nil {
		return err
	}
	return c.run(ctx)
}

func (c *consumer) run(ctx context.Context) error {
	shown, err := endpoint.New()
	if err != nil {
		return err
	}
	notifier, err := webhook.New(c.notifier)
	if err != nil {
		return app.Usage("-notifier: %w", err)
	}
	defer notifier.Close()
	listener, options, err := c.listen(ctx, shown)
	if err != nil {
		return err
	}
	if listener != nil {
		defer listener.Close()
	}
	client, end, err := app.Begin(ctx, "alerts-consume", c.redisURL, c.Stderr, options...)
	if err != nil {
		return err
	}
	defer end()
	return c.work(ctx, client, notifier, listener, shown)
}

// listen returns where metrics are shown, and what has them measured; nothing if they are
// not to be.
func (c *consumer) listen(ctx context.Context, shown *endpoint.Endpoint) (net.Listener, []tracing.Option, error) {
	if c.metrics == "none" {
		return nil, nil, nil
	}
	listener, err := app.Listen(ctx, c.metrics)
	if err != nil {
		return nil, nil, fmt.Errorf("-metrics: %w", err)
	}
	return listener, []tracing.Option{tracing.WithMetricReader(shown.Reader)}, nil
}

// work runs the pipeline, and the server beside it, until ctx ends or one of them fails.
func (c *consumer) work(ctx context.Context, client redis.UniversalClient, notifier *webhook.Client, listener net.Listener, shown *endpoint.Endpoint) error {
	log := logger(c.IO)
	system, err := oncall.New(oncall.Config{
		Name: c.pipeline, Notifier: notifier, History: history.New(client),
		Window: c.window, Backoff: c.backoff, Logger: log,
	})
	if err != nil {
		return err
	}
	transport, err := streams.NewTransport(client, streams.Config{
		IdleTime: c.idle,
		// What happened in the last hours is read from the streams.
		Trim:   &streams.Trim{KeepFor: c.keep},
		Logger: log,
	})
	if err != nil {
		return err
	}
	// What is begun is finished, and shown, when ctx ends: the server goes last.
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	serving, stopServing := context.WithCancel(context.WithoutCancel(ctx))
	defer stopServing()
	ping := func(ctx context.Context) error { return client.Ping(ctx).Err() }
	served := make(chan error, 1)
	if listener == nil {
		close(served)
	} else {
		checks := web.Checks{"redis": ping}
		go func() {
			defer stop()
			served <- app.Serve(serving, listener, shown.Handler(checks, log))
		}()
		fmt.Fprintf(c.Stdout, "metrics and health at http://%s/metrics and /health\n", listener.Addr())
	}
	fmt.Fprintln(c.Stderr, "working on alerts until Ctrl-C")
	err = persist(ctx, func(ctx context.Context) error {
		return system.Pipeline.Run(ctx, transport, pipeline.DrainTimeout(drainTimeout))
	}, ping, log)
	stopServing()
	return errors.Join(err, <-served)
}
