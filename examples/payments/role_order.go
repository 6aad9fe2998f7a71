package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/millstream-go/millstream/examples/internal/app"
	"github.com/millstream-go/millstream/examples/internal/web"
	"github.com/millstream-go/millstream/examples/payments/internal/client"
	"github.com/millstream-go/millstream/examples/payments/internal/payment"
)

const orderUsage = `payments order asks for a payment and prints what became of it.

usage: payments order -customer ID -amount N.NN [-currency EUR] [-card TOKEN] [-key KEY] [-api URL] [-wait D]

It asks again when there is no answer. With the same -key that is one payment, however often it is sent.

`

func orderRole(ctx context.Context, args []string, std app.IO) error {
	var request payment.Request
	var key, apiURL string
	var wait time.Duration
	flags := flag.NewFlagSet("payments order", flag.ContinueOnError)
	flags.StringVar(&request.Customer, "customer", "", "charge the customer `ID`, such as c-1042")
	flags.StringVar(&request.Amount, "amount", "", "charge `N.NN`, such as 25.99")
	flags.StringVar(&request.Currency, "currency", "EUR", "in `CURRENCY`: CHF, EUR, GBP or USD")
	flags.StringVar(&request.Card, "card", "tok_visa", "from the card with the `TOKEN`; tok_declined is declined")
	flags.StringVar(&key, "key", "", "mean the payment with this `KEY` (default: a new one)")
	flags.StringVar(&apiURL, "api", "http://localhost:8080", "ask the api at `URL`")
	flags.DurationVar(&wait, "wait", 30*time.Second, "wait at most `D` for the outcome")
	if err := app.Parse(flags, orderUsage, args, std.Stderr); err != nil {
		return err
	}
	if key == "" {
		key = rand.Text()
	}
	if _, err := request.Check(key); err != nil {
		return app.Usage("%v", err)
	}
	if err := httpURL("-api", apiURL); err != nil {
		return err
	}
	if wait <= 0 {
		return app.Usage("-wait must be more than 0, not %v", wait)
	}
	shutdown, err := app.Telemetry(ctx, "payments-order", std.Stderr)
	if err != nil {
		return err
	}
	defer shutdown()
	waiting, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	err = ask(waiting, apiURL, key, request, std.Stdout)
	problem, refused := errors.AsType[*web.Problem](err)
	switch {
	case err == nil:
		return nil
	case refused && problem.Status < 500:
		return err
	case ctx.Err() != nil:
		err = app.ErrInterrupted
	}
	return fmt.Errorf("%w; ask again with -key %s, which cannot charge twice", err, key)
}

// ask asks for a payment and waits for its outcome.
func ask(ctx context.Context, apiURL, key string, request payment.Request, stdout io.Writer) error {
	asked := client.New(apiURL)
	defer asked.Close()
	placed, err := asked.Place(ctx, key, request)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s: %s, %s/payments/%s\n", placed.ID, placed.Amount, apiURL, placed.ID)
	found, err := asked.Await(ctx, placed.ID)
	if err != nil {
		return fmt.Errorf("%s has no outcome yet: %w", placed.ID, err)
	}
	fmt.Fprintf(stdout, "%s: %s\n", placed.ID, found.State)
	return nil
}
