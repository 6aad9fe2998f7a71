package snippets_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/pipeline"
)

var (
	errDeclined = errors.New("the card is declined")
	errClosed   = errors.New("the bank is closed")
	errAway     = errors.New("the bank does not answer")
)

// answering returns a bank that answers by what the order says. It is closed to one order
// until it has had the last of the others.
func answering() (answers func(context.Context, Order) error) {
	var open atomic.Bool
	return func(ctx context.Context, o Order) error {
		switch {
		case o.Cents < 0:
			return errDeclined
		case o.ID == "o-late" && !open.Load():
			return errClosed
		case o.ID == "o-retry" && pipeline.Attempt(ctx) < 3:
			return errAway
		case o.ID == "o-good":
			open.Store(true)
		}
		return nil
	}
}

func Example_verdicts() {
	ctx := context.Background()
	client, transport := connect()
	defer client.Close()

	shop := pipeline.New("verdicts")
	placed := pipeline.Source[Order](shop, "placed")
	answers := answering()
	// begin verdicts
	charge := func(ctx context.Context, o Order) (Receipt, error) {
		if o.Cents == 0 {
			return Receipt{}, pipeline.Skip // nothing to do: done, no output
		}
		err := answers(ctx, o)
		switch {
		case errors.Is(err, errDeclined):
			return Receipt{}, pipeline.Permanent(err) // no retry will mend it: poison topic
		case errors.Is(err, errClosed):
			return Receipt{}, pipeline.RetryAfter(50 * time.Millisecond) // I know when
		case err != nil:
			return Receipt{}, fmt.Errorf("charge %s: %w", o.ID, err) // try again
		}
		return Receipt{o.ID, o.Cents}, nil
	}
	// end verdicts
	pipeline.Sink(pipeline.Stage(placed, "charge", charge), "send", send)
	// begin verdicts-run
	check(publish(ctx, transport, placed,
		Order{"o-late", 100}, Order{"o-free", 0}, Order{"o-bad", -1}, Order{"o-retry", 300}, Order{"o-good", 400}))
	check(workOff(ctx, shop, transport))
	fmt.Println("poisoned:", client.XLen(ctx, shop.PoisonTopic()).Val())
	// Output:
	// o-retry: paid 300 cents
	// o-good: paid 400 cents
	// o-late: paid 100 cents
	// poisoned: 1
}

func Example_chain() {
	ctx := context.Background()
	client, transport := connect()
	defer client.Close()

	// begin chain
	shop := pipeline.New("chain", pipeline.Chain(func(c *middleware.Chain) {
		c.Timeout = middleware.Timeout(10 * time.Second) // for each attempt, in every stage
	}))
	placed := pipeline.Source[Order](shop, "placed")
	charged := pipeline.Stage(placed, "charge", charge, pipeline.Concurrency(16),
		pipeline.Chain(func(c *middleware.Chain) {
			c.Retry = middleware.Retry{MaxElapsed: 24 * time.Hour, MaxAttempts: 1000}.Middleware
			c.CircuitBreaker = middleware.CircuitBreaker{Name: "bank"}.Middleware
		}))
	// end chain
	pipeline.Sink(charged, "send", send)
	check(publish(ctx, transport, placed, Order{"o-1", 2599}))
	check(workOff(ctx, shop, transport))
	// Output: o-1: paid 2599 cents
}
