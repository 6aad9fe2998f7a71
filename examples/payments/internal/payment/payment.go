package payment

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
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

// Check holds an order of unknown origin against the rules: anything may be in a stream. The
// error repeats no text that is wrong, for it ends up in logs, and a customer that is no
// identifier may be somebody's address.
func (o Order) Check() error {
	switch {
	case o.ID == "":
		return errors.New("order has no id")
	case !isName(o.ID):
		return errors.New("the id of an order is no identifier")
	case o.Amount.Cents <= 0 || o.Amount.Cents > MaxCents:
		return fmt.Errorf("order %s: %d cents cannot be charged", o.ID, o.Amount.Cents)
	case !slices.Contains(currencies, o.Amount.Currency):
		return fmt.Errorf("order %s: the currency must be one of %s", o.ID, list(currencies))
	case !isName(o.Customer):
		return fmt.Errorf("order %s: the customer is no identifier", o.ID)
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
