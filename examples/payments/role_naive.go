package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/internal/app"
	"github.com/millstream-go/millstream/examples/internal/web"
	"github.com/millstream-go/millstream/examples/payments/internal/bankapi"
	"github.com/millstream-go/millstream/examples/payments/internal/books"
	"github.com/millstream-go/millstream/examples/payments/internal/flow"
	"github.com/millstream-go/millstream/examples/payments/internal/naive"
	"github.com/millstream-go/millstream/examples/payments/internal/payment"
)

const naiveUsage = `payments naive is a processor as in tutorials, to compare with: it charges without a key, and then
publishes, and then acknowledges. Do not use it.

usage: payments naive -redis URL [-bank URL] [-name NAME] [-listen ADDRESS] [-crash N]

`

// naiveOutcomes is the stream that it writes.
const naiveOutcomes = flow.Prefix + "naive"

func naiveRole(ctx context.Context, args []string, std app.IO) error {
	var redisURL, bankURL, name, listen string
	var crash int
	flags := flag.NewFlagSet("payments naive", flag.ContinueOnError)
	app.RedisFlag(flags, &redisURL)
	flags.StringVar(&bankURL, "bank", "http://localhost:8081", "charge at the bank at `URL`")
	flags.StringVar(&name, "name", "n1", "be the consumer `NAME`")
	flags.StringVar(&listen, "listen", "localhost:0", "serve GET /health on `ADDRESS`")
	flags.IntVar(&crash, "crash", 0, "for show: die, as of kill -9, after `N` percent of the charges")
	if err := app.Parse(flags, naiveUsage, args, std.Stderr); err != nil {
		return err
	}
	if err := httpURL("-bank", bankURL); err != nil {
		return err
	}
	if err := checkCrash(crash); err != nil {
		return err
	}
	client, stop, err := connect(ctx, redisURL, std.Stderr)
	if err != nil {
		return err
	}
	defer stop()
	bank := bankapi.NewClient(bankURL, "payments-naive/"+name)
	defer bank.Close()
	consumer := naive.Consumer{
		Client: client, Name: name, Orders: flow.Ordered, Outcomes: naiveOutcomes, Logger: logger(std.Stderr),
		Charge: func(ctx context.Context, o payment.Order) (string, error) {
			chargeID, err := bank.ChargeWithoutKey(ctx, o)
			if err == nil && rand.IntN(100) < crash {
				die()
			}
			return chargeID, err
		},
	}
	listener, err := app.Listen(ctx, listen)
	if err != nil {
		return err
	}
	announce(std.Stdout, "naive "+name, listener)
	routes := http.NewServeMux()
	redisHealth := func(ctx context.Context) error { return client.Ping(ctx).Err() }
	routes.HandleFunc("GET /health", web.Health(web.Checks{"redis": redisHealth, "bank": bank.Health}, consumer.Logger))
	return serve(ctx, listener, web.Handler(routes, "GET /health"), consumer.Run)
}

// tally prints what became of payments that naive processors had, once they have said
// something of each.
func (d *demo) tally(ctx context.Context, client *redis.Client, bank *bankapi.Client) error {
	waiting, cancel := context.WithTimeout(ctx, doneTimeout)
	defer cancel()
	for {
		tally, err := countNaive(ctx, client, bank)
		if err == nil && tally.Missing == 0 || waiting.Err() != nil {
			if err != nil {
				return err
			}
			fmt.Fprintln(d.Stdout)
			tally.Print(d.Stdout)
			if !tally.Exact() {
				return errDiffers
			}
			return nil
		}
		select {
		case <-time.After(500 * time.Millisecond):
		case <-waiting.Done():
		}
	}
}

func countNaive(ctx context.Context, client *redis.Client, bank *bankapi.Client) (naive.Tally, error) {
	contents, booksErr := books.New(client, flow.Prefix).Read(ctx)
	entries, bankErr := bank.Entries(ctx)
	outcomes, streamErr := naive.Outcomes(ctx, client, naiveOutcomes)
	if err := errors.Join(booksErr, bankErr, streamErr); err != nil {
		return naive.Tally{}, err
	}
	return naive.Count(slices.Collect(maps.Keys(contents.Requests)), entries, outcomes)
}
