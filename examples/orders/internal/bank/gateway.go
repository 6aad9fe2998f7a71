// Package bank is a payment gateway that does what the card tells it to: a
// stand-in for a real one, with the moods that a real one has.
package bank

import (
	"context"
	"fmt"
	"sync"

	"github.com/millstream-go/millstream/examples/orders/internal/order"
)

// The cards with a meaning. Any other card is charged.
const (
	// CardFlaky fails twice for each order and is charged then.
	CardFlaky = "tok_flaky"
	// CardDeclined is never paid for.
	CardDeclined = "tok_declined"
	// CardDown gets no answer, however long one waits.
	CardDown = "tok_down"
)

// flakyFailures is how often a charge of [CardFlaky] fails.
const flakyFailures = 2

// Book is where the bank writes down what it charged, once for each order.
// It is safe for concurrent use.
type Book interface {
	Charge(ctx context.Context, orderID string, cents int64) error
}

// Gateway is an [order.Gateway].
type Gateway struct {
	book Book

	mu sync.Mutex
	// failures counts the failed tries of the orders that are being tried.
	failures map[string]int
}

var _ order.Gateway = (*Gateway)(nil)

// New returns a gateway that writes its charges into book.
func New(book Book) *Gateway {
	return &Gateway{book: book, failures: make(map[string]int)}
}

// Charge implements [order.Gateway].
func (g *Gateway) Charge(ctx context.Context, p order.Payment) error {
	switch p.Card {
	case CardDeclined:
		return order.ErrDeclined
	case CardDown:
		<-ctx.Done()
		return fmt.Errorf("the bank is down: %w", context.Cause(ctx))
	case CardFlaky:
		if n := g.fail(p.OrderID); n <= flakyFailures {
			return HungUp(n)
		}
	}
	// The caller's patience is for the bank's answer. Once the bank takes the
	// money it writes that down, whoever still listens.
	if err := g.book.Charge(context.WithoutCancel(ctx), p.OrderID, p.Cents); err != nil {
		return err
	}
	g.forget(p.OrderID)
	return nil
}

// HungUp is the error of a call that ended without an answer, for how often it did.
type HungUp int

// Error says so.
func (n HungUp) Error() string {
	return fmt.Sprintf("the bank hung up, for the %s time", [...]string{"first", "second"}[n-1])
}

// fail counts one more try of a flaky card and returns which one it is.
func (g *Gateway) fail(orderID string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.failures[orderID]++
	return g.failures[orderID]
}

// forget keeps failures no larger than what is under way.
func (g *Gateway) forget(orderID string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.failures, orderID)
}
