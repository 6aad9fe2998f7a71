package main

import (
	"context"
	"errors"
	"flag"
	"time"

	"github.com/millstream-go/millstream/examples/internal/app"
	"github.com/millstream-go/millstream/examples/payments/internal/api"
	"github.com/millstream-go/millstream/examples/payments/internal/books"
	"github.com/millstream-go/millstream/examples/payments/internal/flow"
	"github.com/millstream-go/millstream/examples/payments/internal/intake"
)

const apiUsage = `payments api takes payments on: POST /payments, GET /payments/{id}, GET /ledger, GET /health.

usage: payments api -redis URL [-listen ADDRESS]

`

// resendEvery is how often it looks for what a process that died took on and did not send.
const resendEvery = time.Second

func apiRole(ctx context.Context, args []string, std app.IO) (err error) {
	var redisURL, listen string
	flags := flag.NewFlagSet("payments api", flag.ContinueOnError)
	app.RedisFlag(flags, &redisURL)
	flags.StringVar(&listen, "listen", "localhost:8080", "serve HTTP on `ADDRESS`")
	if err := app.Parse(flags, apiUsage, args, std.Stderr); err != nil {
		return err
	}
	shutdown, err := app.Telemetry(ctx, "payments-api", std.Stderr)
	if err != nil {
		return err
	}
	defer shutdown()
	client, stop, err := connect(ctx, redisURL, std.Stderr)
	if err != nil {
		return err
	}
	defer stop()
	kept, log := books.New(client, flow.Prefix), logger(std.Stderr)
	desk, err := intake.NewDesk(client, kept, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, desk.Close()) }()
	listener, err := app.Listen(ctx, listen)
	if err != nil {
		return err
	}
	announce(std.Stdout, "api", listener)
	return serve(ctx, listener, api.NewServer(desk, kept, log).Handler(), func(ctx context.Context) error {
		desk.SendUnsent(ctx, resendEvery)
		return nil
	})
}
