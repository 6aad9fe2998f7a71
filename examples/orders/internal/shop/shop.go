// Package shop composes the pipeline: it puts the domain's rules and events
// into stages, and says what a failure of each means.
package shop

import (
	"context"
	"log/slog"
	"time"

	"github.com/millstream-go/millstream/examples/orders/internal/order"
	"github.com/millstream-go/millstream/examples/orders/internal/report"
	"github.com/millstream-go/millstream/pipeline"
)

// Name is the pipeline's name.
const Name = "orders"

// Prefix begins every key that the pipeline and its ledger have in Redis. The
// braces put them into one slot of a cluster.
const Prefix = "{" + Name + "}:"

const validate = "validate"

// How the gateway is asked again. Four tries are more than a flaky card needs;
// one that never answers is given up after about two and a half seconds.
const (
	tries        = 4
	patience     = 500 * time.Millisecond // for one answer
	firstPause   = 50 * time.Millisecond
	longestPause = 500 * time.Millisecond
)

// charging is how many cards are charged at once.
const charging = 16

// booksPause is how long an order is put aside when the books are closed.
const booksPause = 500 * time.Millisecond

// Shop is the pipeline and where its traces are.
type Shop struct {
	Pipeline *pipeline.Pipeline
	// Placed is the topic for incoming orders, one message each with the order's
	// JSON.
	Placed string
	// Charged is the topic of the orders that were paid for.
	Charged string
	// Stages says for each stage what it reads and where it passes it on.
	Stages []report.Stage
	// Validate is the name of the stage that holds orders against the rules.
	Validate string
}

// New composes the pipeline.
func New(gateway order.Gateway, books order.Ledger, logger *slog.Logger) Shop {
	// The reasons of errors name orders and customers. They are kept with the orders, in
	// the poison topic, and are no business of whoever looks at traces.
	p := pipeline.New(Name, pipeline.Logger(logger), pipeline.Telemetry{HideErrors: true})

	placed := pipeline.Source[order.Order](p, "placed", pipeline.WithCodec(lineCodec{}))
	accepted := pipeline.Stage(placed, validate, accept, pipeline.Ordered(), firstOnly())

	charged := pipeline.NewBranch[order.Charged](p, "charged")
	declined := pipeline.NewBranch[order.Declined](p, "declined")
	pipeline.Route(accepted, "charge", charge(gateway, charged, declined), pipeline.Branches(charged, declined),
		pipeline.Concurrency(charging), askAgain(), noteAttempts())

	express := pipeline.NewBranch[order.Charged](p, "express")
	standard := pipeline.NewBranch[order.Charged](p, "standard")
	pipeline.Route(charged.Flow(), "speed", bySpeed(express, standard), pipeline.Branches(express, standard))

	ship := record(func(ctx context.Context, c order.Charged) error { return books.Ship(ctx, c.Shipment()) })
	pipeline.Sink(express.Flow(), "ship-express", ship)
	pipeline.Sink(standard.Flow(), "ship-standard", ship)
	// A second group on the charged orders: both groups get all of them.
	pipeline.Sink(charged.Flow(), "receipt", record(func(ctx context.Context, c order.Charged) error {
		return books.SendReceipt(ctx, c.Receipt())
	}))
	pipeline.Sink(declined.Flow(), "record-declined", record(func(ctx context.Context, d order.Declined) error {
		return books.Decline(ctx, d)
	}))

	return Shop{
		Pipeline: p,
		Placed:   topic(placed),
		Charged:  topic(charged.Flow()),
		Validate: validate,
		Stages: []report.Stage{
			stage(validate, placed, flow("accepted", accepted)),
			stage("charge", accepted, flow("charged", charged.Flow()), flow("declined", declined.Flow())),
			stage("speed", charged.Flow(), flow("express", express.Flow()), flow("standard", standard.Flow())),
			stage("ship-express", express.Flow()),
			stage("ship-standard", standard.Flow()),
			stage("receipt", charged.Flow()),
			stage("record-declined", declined.Flow()),
		},
	}
}

// topic returns the one topic of a flow that is not merged.
func topic[T any](f pipeline.Flow[T]) string { return f.Topics()[0] }

func flow[T any](name string, f pipeline.Flow[T]) report.Flow {
	return report.Flow{Name: name, Topic: topic(f)}
}

// stage describes a stage to the report. A stage's group has its name.
func stage[T any](name string, input pipeline.Flow[T], outputs ...report.Flow) report.Stage {
	return report.Stage{Name: name, Input: topic(input), Group: name, Outputs: outputs}
}
