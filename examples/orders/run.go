package main

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/internal/app"
	"github.com/millstream-go/millstream/examples/orders/internal/bank"
	"github.com/millstream-go/millstream/examples/orders/internal/ledger"
	"github.com/millstream-go/millstream/examples/orders/internal/report"
	"github.com/millstream-go/millstream/examples/orders/internal/shop"
	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
	"github.com/millstream-go/millstream/tracing"
)

//go:embed sample.ndjson
var sample string

const (
	// idleTime is how long a crashed run keeps its messages from the next one.
	idleTime = 2 * time.Second
	// drainTimeout is how long a run that was interrupted finishes what it began.
	// Nothing here takes longer than a card that gets no answer.
	drainTimeout = 10 * time.Second
	// reportTimeout bounds the report of a run that was interrupted.
	reportTimeout = 10 * time.Second
)

func (c *command) run(ctx context.Context) error {
	logger := app.Logger(c.Stderr, slog.LevelError)
	if c.graph {
		_, err := fmt.Fprint(c.Stdout, shop.New(nil, nil, logger).Pipeline.Mermaid())
		return err
	}
	shutdown, err := app.Telemetry(ctx, "orders", c.Stderr)
	if err != nil {
		return err
	}
	defer shutdown()
	in, err := c.open()
	if err != nil {
		return err
	}
	defer in.Close()
	client, stop, err := app.Connect(ctx, c.redisURL, c.Stderr)
	if err != nil {
		return err
	}
	defer stop()
	orders := bufio.NewReader(in)
	if c.reset {
		// Nothing is deleted for an input that cannot be read.
		if _, err := orders.Peek(1); err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read the orders: %w", err)
		}
		if err := app.Reset(ctx, client, shop.Prefix); err != nil {
			return fmt.Errorf("reset: %w", err)
		}
	}
	books := ledger.New(client, shop.Prefix+"ledger:")
	s := shop.New(bank.New(books), books, logger)
	read, err := process(ctx, client, s, orders, logger)
	if err != nil && !errors.Is(err, app.ErrInterrupted) {
		return err
	}
	if reportErr := c.report(ctx, client, s, books, read); reportErr != nil {
		return reportErr
	}
	return err
}

// open returns the orders to read.
func (c *command) open() (io.ReadCloser, error) {
	switch c.in {
	case "":
		return io.NopCloser(strings.NewReader(sample)), nil
	case "-":
		return io.NopCloser(c.Stdin), nil
	}
	file, err := os.Open(c.in)
	if err != nil {
		return nil, fmt.Errorf("%w: -in takes a file of orders, one JSON object a line, or - for standard input", err)
	}
	return file, nil
}

// process publishes the orders and runs the pipeline until there is nothing left
// to do, and returns how many lines it read. When ctx ends before, what was
// begun is finished, and the error is app.ErrInterrupted.
func process(ctx context.Context, client redis.UniversalClient, s shop.Shop, in io.Reader, logger *slog.Logger) (int, error) {
	transport, err := streams.NewTransport(client, streams.Config{
		IdleTime: idleTime,
		// The report reads what went over the streams.
		KeepHistory: true,
		// Here processes are killed for show, and no message is to blame for it.
		MaxUnfinished: -1,
		Logger:        logger,
	})
	if err != nil {
		return 0, err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() {
		// A pipeline that cannot run ends the feeding and the waiting too.
		defer stop()
		ended <- s.Pipeline.Run(ctx, transport, pipeline.DrainTimeout(drainTimeout))
	}()

	read, err := feed(ctx, client, in, s.Placed)
	if err == nil {
		err = s.Pipeline.WaitIdle(ctx, transport)
	}
	interrupted := err != nil && ctx.Err() != nil
	stop()
	runErr := <-ended
	switch {
	case runErr != nil:
		return read, runErr
	case interrupted:
		return read, app.ErrInterrupted
	default:
		return read, err
	}
}

// report prints what became of the orders.
func (c *command) report(ctx context.Context, client redis.UniversalClient, s shop.Shop, books *ledger.Ledger, read int) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), reportTimeout)
	defer cancel()
	source := report.Source{
		Client: client, Ledger: books,
		Stages: s.Stages, Validate: s.Validate, Charged: s.Charged, Poison: s.Pipeline.PoisonTopic(),
	}
	r, err := source.Collect(ctx, read)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if traces, _ := tracing.Exporting(); traces {
		if r.Retried, err = source.Retried(ctx, c.jaeger); err != nil {
			return fmt.Errorf("report: %w", err)
		}
	}
	if c.json {
		return r.JSON(c.Stdout)
	}
	return r.Table(c.Stdout)
}
