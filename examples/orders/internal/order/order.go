package order

import (
	"fmt"
	"math/bits"
	"net/mail"
	"strings"
)

// Order is what a customer asks for, as it came in: nothing of it is checked.
type Order struct {
	ID       string `json:"id"`
	Customer string `json:"customer"`
	Lines    []Line `json:"lines"`
	Card     string `json:"card"`
}

// Line asks for a quantity of one article.
type Line struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
	// UnitCents is nil when the line states no price: a price that somebody
	// forgot must not become a price of nothing.
	UnitCents *int64 `json:"unit_cents"`
}

// Fault is what is wrong with an order, by the shop's rules.
type Fault string

// Error returns it.
func (f Fault) Error() string { return string(f) }

func faultf(format string, args ...any) Fault { return Fault(fmt.Sprintf(format, args...)) }

// Accept returns the order as the shop takes it, or why the shop does not.
// The reason names the order and the first thing that is wrong with it.
func (o Order) Accept() (Accepted, error) {
	if strings.TrimSpace(o.ID) == "" {
		return Accepted{}, Fault("order has no id")
	}
	total, err := o.check()
	if err != nil {
		return Accepted{}, fmt.Errorf("order %s: %w", show(o.ID), err)
	}
	return Accepted{ID: o.ID, Customer: o.Customer, Card: o.Card, TotalCents: total}, nil
}

// check returns the order's total in cents.
func (o Order) check() (int64, error) {
	switch {
	case o.Customer == "":
		return 0, Fault("has no customer")
	case !isAddress(o.Customer):
		return 0, faultf("customer %s is not an e-mail address", quote(o.Customer))
	case len(o.Lines) == 0:
		return 0, Fault("has no lines")
	}
	var total int64
	for i, line := range o.Lines {
		cents, err := line.check()
		if err != nil {
			return 0, fmt.Errorf("line %d: %w", i+1, err)
		}
		if total += cents; total < 0 {
			return 0, errTooMuch
		}
	}
	return total, nil
}

const errTooMuch = Fault("total is too large to be charged")

// check returns what the line costs in cents.
func (l Line) check() (int64, error) {
	switch {
	case strings.TrimSpace(l.SKU) == "":
		return 0, Fault("has no sku")
	case l.Quantity <= 0:
		return 0, faultf("quantity must be positive, got %d", l.Quantity)
	case l.UnitCents == nil:
		return 0, Fault("has no price")
	case *l.UnitCents < 0:
		return 0, faultf("price must not be negative, got %d cents", *l.UnitCents)
	}
	high, low := bits.Mul64(uint64(l.Quantity), uint64(*l.UnitCents))
	if cents := int64(low); high == 0 && cents >= 0 {
		return cents, nil
	}
	return 0, errTooMuch
}

// isAddress reports whether s is an e-mail address as net/mail takes it, with or
// without a name before it.
func isAddress(s string) bool {
	_, err := mail.ParseAddress(s)
	return err == nil
}
