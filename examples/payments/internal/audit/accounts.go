package audit

import (
	"cmp"
	"slices"

	"github.com/millstream-go/millstream/examples/payments/internal/bankapi"
	"github.com/millstream-go/millstream/examples/payments/internal/payment"
)

// sums are balances by account and currency.
type sums map[account]payment.Money

type account struct {
	name     string
	currency payment.Currency
}

// add adds to an account.
func (s sums) add(name string, m payment.Money) error {
	at := account{name, m.Currency}
	has := s[at]
	has.Currency = m.Currency
	sum, err := has.Add(m)
	if err == nil {
		s[at] = sum
	}
	return err
}

// all is the name of all accounts together.
const all = ""

// zero tells whether all accounts together hold nothing, in each currency.
func (s sums) zero() bool {
	for at, sum := range s {
		if at.name == all && sum.Cents != 0 {
			return false
		}
	}
	return true
}

// sums adds postings up, for each account and for all together.
func (a *auditor) sums(postings []bankapi.Posting, what string) sums {
	s := make(sums)
	for _, p := range postings {
		for _, name := range []string{p.Account, all} {
			if err := s.add(name, p.Amount); err != nil {
				a.differ("%s: %v", what, err)
			}
		}
	}
	return s
}

// accounts checks that the accounts come to zero, at the bank and in the books, that both
// have the same ones, and that they are the sums of what was booked.
func (a *auditor) accounts(e Evidence) {
	var atBank, inBooks, booked []bankapi.Posting
	for _, entry := range e.Bank {
		atBank = append(atBank, entry.Postings...)
	}
	for _, b := range e.Books.Balances {
		inBooks = append(inBooks, bankapi.Posting{Account: b.Account, Amount: b.Amount})
	}
	for _, outcome := range e.Books.Outcomes {
		if outcome.State != payment.Charged {
			continue
		}
		paid, err := outcome.Amount.Negative()
		if err != nil {
			a.differ("%s: %v", outcome.ID, err)
			continue
		}
		booked = append(booked,
			bankapi.Posting{Account: bankapi.CustomerAccount(outcome.Customer), Amount: paid},
			bankapi.Posting{Account: bankapi.Merchant, Amount: outcome.Amount})
	}
	bank, books := a.sums(atBank, "the bank's accounts"), a.sums(inBooks, "the accounts of the books")
	if !bank.zero() {
		a.differ("the bank's accounts do not come to zero")
	}
	if !books.zero() {
		a.differ("the accounts of the books do not come to zero")
	}
	a.compare("the bank", bank, "the books", books)
	a.compare("the sum of the payments", a.sums(booked, "the payments"), "the books", books)
	for at, sum := range books {
		if at.name == bankapi.Merchant {
			a.Taken = append(a.Taken, sum)
		}
	}
	slices.SortFunc(a.Taken, func(m, n payment.Money) int { return cmp.Compare(m.Currency, n.Currency) })
}

// compare checks that two have the same in each account.
func (a *auditor) compare(one string, ones sums, other string, others sums) {
	names := make(map[account]bool)
	for at := range ones {
		names[at] = true
	}
	for at := range others {
		names[at] = true
	}
	for at := range names {
		if at.name != all && ones[at].Cents != others[at].Cents {
			a.differ("account %s: %s in %s, %s in %s", at.name,
				payment.Money{Cents: ones[at].Cents, Currency: at.currency}, one,
				payment.Money{Cents: others[at].Cents, Currency: at.currency}, other)
		}
	}
}
