// Command shop charges orders and writes receipts.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
)

// begin handlers
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

func charge(_ context.Context, o Order) (Receipt, error) {
	if o.Cents <= 0 {
		return Receipt{}, pipeline.Permanent(errors.New("the amount is not positive"))
	}
	return Receipt{OrderID: o.ID, Paid: o.Cents}, nil
}

func send(_ context.Context, r Receipt) error {
	_, err := fmt.Printf("%s: paid %d cents\n", r.OrderID, r.Paid)
	return err
}

// end handlers

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	// begin connect
	options, err := redis.ParseURL(cmp.Or(os.Getenv("REDIS_URL"), "redis://localhost:6379"))
	if err != nil {
		return err
	}
	client := redis.NewClient(options)
	defer client.Close()
	transport, err := streams.NewTransport(client, streams.Config{})
	if err != nil {
		return err
	}
	// end connect

	// begin compose
	shop := pipeline.New("shop")
	placed := pipeline.Source[Order](shop, "placed")
	charged := pipeline.Stage(placed, "charge", charge)
	pipeline.Sink(charged, "send", send)
	// end compose

	// begin publish
	orders, err := pipeline.NewPublisher(placed, transport)
	if err != nil {
		return err
	}
	defer orders.Close()
	err = orders.Publish(ctx, Order{"o-1", 2599}, Order{"o-2", 0}, Order{"o-3", 120})
	if err != nil {
		return err
	}
	// end publish

	// begin run
	return shop.Run(ctx, transport) // until Ctrl-C, and then until what it began is done
	// end run
}
