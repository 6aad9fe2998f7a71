// Package flow composes the pipeline: it puts the domain into stages, and says what a
// failure of each means.
package flow

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"time"

	"github.com/millstream-go/millstream/examples/payments/internal/payment"
	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/pipeline"
)

// Name is the pipeline's name.
const Name = "payments"

// Prefix begins every key that the pipeline and its books have in Redis. The braces put
// them into one slot of a cluster.
const Prefix = "{" + Name + "}:"

// Ordered is the topic of the orders.
const Ordered = Prefix + "ordered"

// charging is how many orders an instance charges at once.
const charging = 8

// How the bank is asked again. A payment is not given up for an outage of less than a day:
// who gives it up after a timeout does not know whether it was charged.
const (
	answerWithin = 2 * time.Second
	firstPause   = 50 * time.Millisecond
	longestPause = 2 * time.Second
	giveUpAfter  = 24 * time.Hour
)

// New composes the pipeline of an instance that goes by the name of processor.
func New(bank payment.Bank, books payment.Books, processor string, logger *slog.Logger) *pipeline.Pipeline {
	p := pipeline.New(Name, pipeline.Logger(logger), askAgain(),
		// Reasons of errors name payments. They are kept in the poison topic, and are no
		// business of whoever looks at traces.
		pipeline.Telemetry{HideErrors: true})

	ordered := pipeline.Source[payment.Order](p, "ordered")
	settled := pipeline.NewBranch[payment.Settled](p, "settled")
	declined := pipeline.NewBranch[payment.Declined](p, "declined")
	pipeline.Route(ordered, "charge", charge(bank, processor, settled, declined), pipeline.Branches(settled, declined),
		pipeline.Concurrency(charging))

	pipeline.Sink(settled.Flow(), "book-settled", func(ctx context.Context, s payment.Settled) error {
		return book(ctx, books, payment.Outcome(s))
	}, pipeline.Concurrency(charging))
	pipeline.Sink(declined.Flow(), "book-declined", func(ctx context.Context, d payment.Declined) error {
		return book(ctx, books, payment.Outcome(d))
	}, pipeline.Concurrency(charging))
	return p
}

// Graph composes the pipeline for whoever only looks at it: it cannot run.
func Graph() *pipeline.Pipeline { return New(nil, nil, "", slog.New(slog.DiscardHandler)) }

// charge has the bank charge an order. What the bank says goes on in the step that
// acknowledges the order. If the process dies before that step, the order is charged again,
// under the same id: the bank then says what it did the first time.
func charge(bank payment.Bank, processor string, settled pipeline.Branch[payment.Settled], declined pipeline.Branch[payment.Declined]) func(context.Context, payment.Order) (pipeline.Routed, error) {
	return func(ctx context.Context, o payment.Order) (pipeline.Routed, error) {
		if err := o.Check(); err != nil {
			return pipeline.Routed{}, pipeline.Permanent(err)
		}
		chargeID, err := bank.Charge(ctx, o)
		switch {
		case err == nil:
			return settled.To(o.Settled(chargeID, processor)), nil
		case errors.Is(err, payment.ErrDeclined):
			return declined.To(o.Declined(processor)), nil
		case errors.Is(err, payment.ErrRefused):
			return pipeline.Routed{}, pipeline.Permanent(err)
		default:
			return pipeline.Routed{}, err
		}
	}
}

// book keeps an outcome, once. Books that say something else need somebody to look.
func book(ctx context.Context, books payment.Books, o payment.Outcome) error {
	err := books.Book(ctx, o)
	if errors.Is(err, payment.ErrConflict) {
		return pipeline.Permanent(err)
	}
	return err
}

// askAgain calls a handler again that had no answer: twice in its place, and then with the
// message put aside, so that an outage neither blocks the stage nor uses up payments.
func askAgain() pipeline.CommonOption {
	return pipeline.Chain(func(c *middleware.Chain) {
		c.Retry = middleware.Retry{
			MaxAttempts:     math.MaxInt32,
			MaxElapsed:      giveUpAfter,
			InitialInterval: firstPause,
			MaxInterval:     longestPause,
			AttemptTimeout:  answerWithin,
		}.Middleware
	})
}
