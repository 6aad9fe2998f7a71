// Package audit holds the bank's ledger, the merchant's books and what was asked for against
// each other, to the cent.
package audit

import (
	"fmt"
	"slices"

	"github.com/millstream-go/millstream/examples/payments/internal/bankapi"
	"github.com/millstream-go/millstream/examples/payments/internal/books"
	"github.com/millstream-go/millstream/examples/payments/internal/payment"
)

// Evidence is what there is to compare.
type Evidence struct {
	Books books.Contents
	Bank  []bankapi.Entry
	// Poisoned are the reasons of the messages that were given up.
	Poisoned []string
}

// Result is what came out.
type Result struct {
	Orders, Settled, Declined int
	// Taken are the sums that the merchant was paid, one for each currency.
	Taken []payment.Money
	// Differences are all that is not as it must be. Without any the books are exact.
	Differences []string
	// Shares are how many payments each processor settled or declined.
	Shares map[string]int64
	// DoubleCharged are the charges beyond the first of each payment.
	DoubleCharged int
}

// auditor collects what is wrong.
type auditor struct {
	Result
}

func (a *auditor) differ(format string, values ...any) {
	a.Differences = append(a.Differences, fmt.Sprintf(format, values...))
}

// Run compares.
func Run(e Evidence) Result {
	a := &auditor{}
	a.orders(e.Books)
	charges := a.bank(e.Bank)
	a.match(e.Books, charges)
	a.accounts(e)
	for _, reason := range e.Poisoned {
		a.differ("a message was given up: %s", reason)
	}
	if e.Books.Unsent > 0 {
		a.differ("%d orders were taken on and are not in the stream", e.Books.Unsent)
	}
	slices.Sort(a.Differences)
	return a.Result
}

// orders checks that each has one outcome, of what was asked for.
func (a *auditor) orders(b books.Contents) {
	a.Orders, a.Shares = len(b.Requests), b.Shares
	for id, request := range b.Requests {
		outcome, ok := b.Outcomes[id]
		switch {
		case !ok:
			a.differ("%s has no outcome", id)
			continue
		case outcome.Amount != request.Amount || outcome.Customer != request.Customer:
			a.differ("%s was asked for as %s of %s and booked as %s of %s", id, request.Amount, request.Customer, outcome.Amount, outcome.Customer)
		}
		switch outcome.State {
		case payment.Charged:
			a.Settled++
		case payment.Refused:
			a.Declined++
		default:
			a.differ("%s is booked as %q", id, outcome.State)
		}
	}
	for id := range b.Outcomes {
		if _, ok := b.Requests[id]; !ok {
			a.differ("%s was booked and never asked for", id)
		}
	}
}

// bank checks each entry of the bank, and returns them by what they were for.
func (a *auditor) bank(entries []bankapi.Entry) map[string][]bankapi.Entry {
	byReference := make(map[string][]bankapi.Entry)
	for _, entry := range entries {
		if sums := a.sums(entry.Postings, fmt.Sprintf("the bank's entry %d", entry.Number)); !sums.zero() {
			a.differ("the bank's entry %d does not come to zero", entry.Number)
		}
		byReference[entry.Reference] = append(byReference[entry.Reference], entry)
	}
	return byReference
}

// match checks that each payment has the one entry of the bank that its outcome says.
func (a *auditor) match(b books.Contents, charges map[string][]bankapi.Entry) {
	for id, outcome := range b.Outcomes {
		if len(charges[id]) == 0 {
			a.differ("%s is booked as %s, and the bank knows nothing of it", id, outcome.State)
		}
	}
	for reference, entries := range charges {
		a.charged(reference, entries)
		outcome, ok := b.Outcomes[reference]
		if !ok {
			a.differ("the bank has %s for %s, which is not in the books", entries[0].ChargeID, reference)
			continue
		}
		if want := a.outcome(entries[0], outcome); !outcome.Same(want) {
			a.differ("%s is booked as %s of %s by %s, and at the bank it is %s of %s by %s", reference,
				outcome.State, outcome.Amount, outcome.ChargeID, want.State, want.Amount, want.ChargeID)
		}
	}
}

// charged checks that there is one charge.
func (a *auditor) charged(reference string, entries []bankapi.Entry) {
	n := 0
	for _, entry := range entries {
		if entry.Status == bankapi.Charged {
			n++
		}
	}
	if n > 1 {
		a.DoubleCharged += n - 1
	}
	if len(entries) > 1 {
		a.differ("%s was charged %d times, in %d entries of the bank", reference, n, len(entries))
	}
}

// outcome returns what the merchant must have booked for an entry of the bank.
func (a *auditor) outcome(entry bankapi.Entry, booked payment.Outcome) payment.Outcome {
	want := payment.Outcome{ID: entry.Reference, Customer: booked.Customer, Amount: booked.Amount, State: payment.Refused}
	if entry.Status != bankapi.Charged {
		return want
	}
	want.State, want.ChargeID = payment.Charged, entry.ChargeID
	for _, p := range entry.Postings {
		if p.Account == bankapi.Merchant {
			want.Amount = p.Amount
		} else if p.Account != bankapi.CustomerAccount(booked.Customer) {
			a.differ("%s of %s was taken from %s at the bank", entry.Reference, booked.Customer, p.Account)
		}
	}
	return want
}
