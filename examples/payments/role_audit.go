package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/internal/app"
	"github.com/millstream-go/millstream/examples/payments/internal/audit"
	"github.com/millstream-go/millstream/examples/payments/internal/bankapi"
	"github.com/millstream-go/millstream/examples/payments/internal/books"
	"github.com/millstream-go/millstream/examples/payments/internal/flow"
	"github.com/millstream-go/millstream/streams"
)

const auditUsage = `payments audit holds the bank's ledger, the books and what was asked for against each other.
It waits until nothing is under way, and ends with 0 only if they agree to the cent.

usage: payments audit -redis URL [-bank URL] [-wait D]

`

// errDiffers is what a run ends with whose books do not agree.
var errDiffers = errors.New("the books do not agree")

func auditRole(ctx context.Context, args []string, std app.IO) error {
	var redisURL, bankURL string
	var wait time.Duration
	flags := flag.NewFlagSet("payments audit", flag.ContinueOnError)
	app.RedisFlag(flags, &redisURL)
	flags.StringVar(&bankURL, "bank", "http://localhost:8081", "read the ledger of the bank at `URL`")
	flags.DurationVar(&wait, "wait", 30*time.Second, "wait at most `D` until nothing is under way")
	if err := app.Parse(flags, auditUsage, args, std.Stderr); err != nil {
		return err
	}
	if err := httpURL("-bank", bankURL); err != nil {
		return err
	}
	if wait <= 0 {
		return app.Usage("-wait must be more than 0, not %v", wait)
	}
	client, stop, err := connect(ctx, redisURL, std.Stderr)
	if err != nil {
		return err
	}
	defer stop()
	bank := bankapi.NewClient(bankURL, "payments-audit")
	defer bank.Close()
	settled, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	err = awaitDone(settled, client)
	switch {
	case ctx.Err() != nil:
		return app.ErrInterrupted
	case err != nil:
		fmt.Fprintf(std.Stdout, "something is still under way after %v\n", wait)
	}
	result, err := examine(ctx, client, bank)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	result.Print(std.Stdout)
	if !result.Exact() {
		return errDiffers
	}
	return nil
}

// examine audits what is there.
func examine(ctx context.Context, client redis.UniversalClient, bank *bankapi.Client) (audit.Result, error) {
	poison := flow.Graph().PoisonTopic()
	evidence, err := audit.Collect(ctx, client, books.New(client, flow.Prefix), bank, poison)
	return audit.Run(evidence), err
}

// awaitDone waits until every order that was taken on has its outcome, and nothing is left
// to do.
func awaitDone(ctx context.Context, client redis.UniversalClient) error {
	kept := books.New(client, flow.Prefix)
	for {
		open, err := kept.Open(ctx)
		if err == nil && open == 0 {
			break
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		}
	}
	transport, err := streams.NewTransport(client, streams.Config{})
	if err != nil {
		return err
	}
	return flow.Graph().WaitIdle(ctx, transport)
}
