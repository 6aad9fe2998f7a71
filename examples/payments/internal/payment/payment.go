package payment

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Order is a payment that was taken on: from here on it is settled or declined, once.
type Order struct {
	ID       string `json:"id"`
	Customer string `json:"customer"`
	Amount   Money  `json:"amount"`
	Card     string `json:"card"`
}

// Fingerprint is the same for equal orders, and tells nothing of them.
func (o Order) Fingerprint() string {
	digest := sha256.Sum256(fmt.Appendf(nil, "%q %q %d %q %q", o.ID, o.Customer, o.Amount.Cents, o.Amount.Currency, o.Card))
	return hex.EncodeToString(digest[:])
}

// Check holds an order of unknown origin against the rules: anything may be in a stream.
func (o Order) Check() error {
	switch {
	case o.ID == "":
		return fmt.Errorf("order has no id")
	case o.Amount.Cents <= 0 || o.Amount.Cents > MaxCents:
		return fmt.Errorf("order %s: %d cents cannot be charged", quote(o.ID), o.Amount.Cents)
	}
	if _, err := ParseCurrency(string(o.Amount.Currency)); err != nil {
		return fmt.Errorf("order %s: currency %w", quote(o.ID), err)
	}
	if err := checkName(o.Customer, `"c-1042"`); err != nil {
		return fmt.Errorf("order %s: customer %w", quote(o.ID), err)
	}
	return nil
}

// State is what became of a payment.
type State string

// The states. The last two are final.
const (
	Accepted State = "accepted"
	Charged  State = "settled"
	Refused  State = "declined"
)

// Outcome is the final state of a payment.
type Outcome struct {
	ID       string `json:"id"`
	Customer string `json:"customer"`
	Amount   Money  `json:"amount"`
	State    State  `json:"state"`
	// ChargeID is the bank's name for the charge, if it made one.
	ChargeID string `json:"charge_id,omitempty"`
	// Processor is which instance did it. Another could have done it as well, so it is no
	// part of what happened.
	Processor string `json:"processor"`
}

// Same tells whether the two say the same, whoever says it.
func (o Outcome) Same(other Outcome) bool {
	o.Processor, other.Processor = "", ""
	return o == other
}

// Settled says that the bank charged an order.
type Settled Outcome

// Declined says that the bank does not pay for an order. It is an outcome, not a fault.
type Declined Outcome

// Settled returns that the order was charged.
func (o Order) Settled(chargeID, processor string) Settled {
	return Settled{o.ID, o.Customer, o.Amount, Charged, chargeID, processor}
}

// Declined returns that the order was not charged.
func (o Order) Declined(processor string) Declined {
	return Declined{o.ID, o.Customer, o.Amount, Refused, "", processor}
}
