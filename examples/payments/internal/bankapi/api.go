// Package bankapi is the bank's HTTP interface: what goes over the wire, and a client.
package bankapi

import (
	"time"

	"github.com/millstream-go/millstream/examples/payments/internal/payment"
)

// KeyHeader names what a charge is. The bank charges once for each key; without one it
// charges each time that it is asked.
const KeyHeader = "Idempotency-Key"

// Request asks the bank to charge a customer, with POST /charges.
type Request struct {
	// Reference is the merchant's name for what is paid. To the bank it is a text like any
	// other: it does not keep one from being charged twice.
	Reference string        `json:"reference"`
	Customer  string        `json:"customer"`
	Amount    payment.Money `json:"amount"`
	Card      string        `json:"card"`
}

// CardDeclined is never charged. Any other card is.
const CardDeclined = "tok_declined"

// Answer is what became of a charge.
type Answer struct {
	ChargeID string `json:"charge_id"`
	Status   string `json:"status"`
}

// The statuses of a charge.
const (
	Charged  = "charged"
	Declined = "declined"
)

// Entry is one line of the bank's ledger, which GET /entries returns, one JSON object a
// line.
type Entry struct {
	Number    int64     `json:"number"` // from 1, without gaps
	Key       string    `json:"key"`
	Reference string    `json:"reference"`
	ChargeID  string    `json:"charge_id"`
	Status    string    `json:"status"`
	At        time.Time `json:"at"`
	// Digest is of what was asked for under the key.
	Digest string `json:"digest"`
	// Postings move money between accounts: their sum is zero. A declined charge has none.
	Postings []Posting `json:"postings"`
}

// Posting is what an account gets, or gives if it is below zero.
type Posting struct {
	Account string        `json:"account"`
	Amount  payment.Money `json:"amount"`
}

// Merchant is the account that is paid.
const Merchant = "merchant"

// CustomerAccount is the account of a customer.
func CustomerAccount(customer string) string { return "customer:" + customer }

// Faults are what the bank does wrong, each to a share of the charges in percent. PUT
// /faults sets them.
type Faults struct {
	// Slow takes its time, half a second, before it begins.
	Slow int `json:"slow"`
	// Error answers 503 and charges nothing.
	Error int `json:"error"`
	// Lost charges and never answers.
	Lost int `json:"lost"`
}
