// Package shop is the pipeline, for all programs that have to do with it.
package shop

import (
	"context"
	"errors"
	"time"

	"github.com/millstream-go/millstream/pipeline"
)

// Order is what comes in.
type Order struct {
	ID    string `json:"id"`
	Cents int    `json:"cents"`
}

// Receipt is what an order that was paid comes to.
type Receipt struct {
	OrderID string `json:"order_id"`
	Paid    int    `json:"paid"`
}

// Compose returns the pipeline and where orders go into it.
func Compose() (*pipeline.Pipeline, pipeline.Flow[Order]) {
	shop := pipeline.New("shop")
	placed := pipeline.Source[Order](shop, "placed")
	charged := pipeline.Stage(placed, "charge", charge, pipeline.Concurrency(16))
	pipeline.Stage(charged, "journal", line)
	return shop, placed
}

func charge(ctx context.Context, o Order) (Receipt, error) {
	if o.Cents <= 0 {
		return Receipt{}, pipeline.Permanent(errors.New("the amount is not positive"))
	}
	select {
	case <-time.After(20 * time.Millisecond): // the bank's answer
		return Receipt{OrderID: o.ID, Paid: o.Cents}, nil
	case <-ctx.Done():
		return Receipt{}, ctx.Err()
	}
}

// line is what the journal has of an order. No stage reads it, so it is kept.
func line(_ context.Context, r Receipt) (string, error) {
	return r.OrderID, nil
}
