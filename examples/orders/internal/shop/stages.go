package shop

import (
	"context"
	"errors"

	"github.com/millstream-go/millstream/examples/orders/internal/order"
	"github.com/millstream-go/millstream/pipeline"
)

// accept holds an order against the shop's rules. No retry mends an order, so
// one that breaks them is poisoned at once.
func accept(_ context.Context, o order.Order) (order.Accepted, error) {
	accepted, err := o.Accept()
	return accepted, pipeline.Permanent(err)
}

// charge takes the money. The bank's no is an outcome with a flow of its own; no
// answer is an error, which the stage's middleware retries and then poisons.
func charge(gateway order.Gateway, charged pipeline.Branch[order.Charged], declined pipeline.Branch[order.Declined]) func(context.Context, order.Accepted) (pipeline.Routed, error) {
	return func(ctx context.Context, a order.Accepted) (pipeline.Routed, error) {
		err := gateway.Charge(ctx, a.Payment())
		switch {
		case err == nil:
			return charged.To(a.Charged()), nil
		case errors.Is(err, order.ErrDeclined):
			return declined.To(a.Declined()), nil
		default:
			return pipeline.Routed{}, later(a.Failed(err))
		}
	}
}

// bySpeed sends a charged order to its kind of parcel.
func bySpeed(express, standard pipeline.Branch[order.Charged]) func(context.Context, order.Charged) (pipeline.Routed, error) {
	return func(_ context.Context, c order.Charged) (pipeline.Routed, error) {
		if c.Speed() == order.Express {
			return express.To(c), nil
		}
		return standard.To(c), nil
	}
}

// record makes a sink of a method of the ledger.
func record[T any](write func(context.Context, T) error) func(context.Context, T) error {
	return func(ctx context.Context, event T) error { return later(write(ctx, event)) }
}

// later puts a message aside when the books are closed. That is not the order's
// fault and does not send it to the poison queue, however long it lasts.
func later(err error) error {
	if errors.Is(err, order.ErrUnavailable) {
		return pipeline.RetryAfter(booksPause)
	}
	return err
}
