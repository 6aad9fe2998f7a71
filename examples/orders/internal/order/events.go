package order

import "fmt"

// Accepted says that the shop takes an order.
type Accepted struct {
	ID         string `json:"id"`
	Customer   string `json:"customer"`
	Card       string `json:"card"`
	TotalCents int64  `json:"total_cents"`
}

// Payment is what the gateway is to take for the order.
func (a Accepted) Payment() Payment {
	return Payment{OrderID: a.ID, Card: a.Card, Cents: a.TotalCents}
}

// Charged says that the order was paid for.
func (a Accepted) Charged() Charged {
	return Charged{ID: a.ID, Customer: a.Customer, TotalCents: a.TotalCents}
}

// Declined says that the bank does not pay for the order.
func (a Accepted) Declined() Declined {
	return Declined{ID: a.ID, Customer: a.Customer, TotalCents: a.TotalCents}
}

// Failed tells of which order an error is.
func (a Accepted) Failed(err error) error { return fmt.Errorf("order %s: %w", show(a.ID), err) }

// Charged says that an order was paid for. The card is no longer part of it:
// what follows has no use for it.
type Charged struct {
	ID         string `json:"id"`
	Customer   string `json:"customer"`
	TotalCents int64  `json:"total_cents"`
}

// Speed is how fast the order is sent.
func (c Charged) Speed() Speed {
	if c.TotalCents >= ExpressFromCents {
		return Express
	}
	return Standard
}

// Label is the order's id, made fit to be shown to people.
func (c Charged) Label() string { return show(c.ID) }

// Shipment is the parcel for the order.
func (c Charged) Shipment() Shipment {
	return Shipment{OrderID: c.ID, Customer: c.Customer, Speed: c.Speed()}
}

// Receipt is what the customer gets to read.
func (c Charged) Receipt() Receipt {
	return Receipt{OrderID: c.ID, Customer: c.Customer, Cents: c.TotalCents}
}

// Declined says that the bank did not pay for an order. It is an outcome of
// the business, not a fault.
type Declined struct {
	ID         string `json:"id"`
	Customer   string `json:"customer"`
	TotalCents int64  `json:"total_cents"`
}
