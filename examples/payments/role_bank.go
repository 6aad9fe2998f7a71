package main

import (
	"context"
	"flag"

	"github.com/millstream-go/millstream/examples/internal/app"
	"github.com/millstream-go/millstream/examples/payments/internal/bank"
	"github.com/millstream-go/millstream/examples/payments/internal/bankapi"
)

const bankUsage = `payments bank is a payment provider: POST /charges, GET /entries, GET and PUT /faults, GET /health.

usage: payments bank -ledger FILE [-listen ADDRESS] [-slow N] [-error N] [-lost N]

What it answered is in the file, and on the disk. It charges once for each Idempotency-Key.

`

func bankRole(ctx context.Context, args []string, std app.IO) (err error) {
	var ledgerName, listen string
	var faults bankapi.Faults
	flags := flag.NewFlagSet("payments bank", flag.ContinueOnError)
	flags.StringVar(&ledgerName, "ledger", "", "keep the ledger in `FILE`")
	flags.StringVar(&listen, "listen", "localhost:8081", "serve HTTP on `ADDRESS`")
	flags.IntVar(&faults.Slow, "slow", 0, "take half a second longer for `N` percent of the charges")
	flags.IntVar(&faults.Error, "error", 0, "answer 503 to `N` percent of the charges, and charge nothing")
	flags.IntVar(&faults.Lost, "lost", 0, "charge, and never answer, `N` percent of the charges")
	if err := app.Parse(flags, bankUsage, args, std.Stderr); err != nil {
		return err
	}
	if ledgerName == "" {
		return app.Usage("-ledger is missing: the bank must keep its ledger in a file")
	}
	if err := bank.CheckFaults(faults); err != nil {
		return app.Usage("-%v", err)
	}
	shutdown, err := app.Telemetry(ctx, "payments-bank", std.Stderr)
	if err != nil {
		return err
	}
	defer shutdown()
	listener, err := app.Listen(ctx, listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	ledger, err := bank.Open(ledgerName)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := ledger.Close(); err == nil {
			err = closeErr
		}
	}()
	announce(std.Stdout, "bank", listener)
	return app.Serve(ctx, listener, bank.NewServer(ctx, ledger, faults, logger(std.Stderr)).Handler())
}
