// Package drill is what the demonstration does to the system: it asks for payments, and has
// everything fail.
package drill

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/millstream-go/millstream/examples/payments/internal/bankapi"
	"github.com/millstream-go/millstream/examples/payments/internal/client"
	"github.com/millstream-go/millstream/examples/payments/internal/payment"
)

// Order is a payment to ask for.
type Order struct {
	Key     string
	Request payment.Request
}

// Orders returns n payments of twenty customers. Every twentieth is declined. The run is
// part of their keys.
func Orders(run string, n int) []Order {
	const customers = 20
	orders := make([]Order, n)
	for i := range orders {
		request := payment.Request{
			Customer: fmt.Sprintf("c-%02d", i*7%customers+1),
			Amount:   fmt.Sprintf("%d.%02d", i*37%400+1, i*61%100),
			Currency: []string{"EUR", "EUR", "USD"}[i%3],
			Card:     "tok_visa",
		}
		if i%20 == 19 {
			request.Card = bankapi.CardDeclined
		}
		orders[i] = Order{fmt.Sprintf("%s-%06d", run, i+1), request}
	}
	return orders
}

// Wrong returns requests that are to be refused.
func Wrong() []payment.Request {
	right := payment.Request{Customer: "c-01", Amount: "25.99", Currency: "EUR", Card: "tok_visa"}
	var wrong []payment.Request
	for _, change := range []func(*payment.Request){
		func(r *payment.Request) { r.Amount = "0.00" },
		func(r *payment.Request) { r.Amount = "-3" },
		func(r *payment.Request) { r.Amount = "25.999" },
		func(r *payment.Request) { r.Amount = "1000000.01" },
		func(r *payment.Request) { r.Currency = "XYZ" },
	} {
		request := right
		change(&request)
		wrong = append(wrong, request)
	}
	return wrong
}

// Repeated tells whether an order, by its place, is asked for twice, at about the same time.
func Repeated(i int) bool { return i%10 == 3 }

// askers is how many ask at once.
const askers = 8

// Place asks for all orders, one every pace, until each was taken on or ctx ends.
func Place(ctx context.Context, c *client.Client, orders []Order, pace time.Duration) error {
	todo := make(chan Order)
	failures := make(chan error, askers)
	var asking sync.WaitGroup
	for range askers {
		asking.Go(func() {
			for order := range todo {
				if _, err := c.Place(ctx, order.Key, order.Request); err != nil {
					failures <- fmt.Errorf("order %s: %w", order.Key, err)
					return
				}
			}
		})
	}
	err := feed(ctx, orders, pace, todo, failures)
	close(todo)
	asking.Wait()
	close(failures)
	for failure := range failures {
		err = errors.Join(err, failure)
	}
	return err
}

func feed(ctx context.Context, orders []Order, pace time.Duration, todo chan<- Order, failures <-chan error) error {
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	for i, order := range orders {
		times := 1
		if Repeated(i) {
			times = 2
		}
		for range times {
			select {
			case todo <- order:
			case err := <-failures:
				return err
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
