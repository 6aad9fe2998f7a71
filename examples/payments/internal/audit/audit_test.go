package audit_test

import (
	"bytes"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/payments/internal/audit"
	"github.com/millstream-go/millstream/examples/payments/internal/bankapi"
	"github.com/millstream-go/millstream/examples/payments/internal/books"
	"github.com/millstream-go/millstream/examples/payments/internal/payment"
)

func euro(cents int64) payment.Money { return payment.Money{Cents: cents, Currency: "EUR"} }

func charge(number int64, reference string, cents int64) bankapi.Entry {
	return bankapi.Entry{
		Number: number, Reference: reference, ChargeID: "ch_" + reference, Status: bankapi.Charged,
		Postings: []bankapi.Posting{{Account: "customer:c-1", Amount: euro(-cents)}, {Account: bankapi.Merchant, Amount: euro(cents)}},
	}
}

func outcome(id string, cents int64) payment.Outcome {
	return payment.Outcome{ID: id, Customer: "c-1", Amount: euro(cents), State: payment.Charged, ChargeID: "ch_" + id, Processor: "p1"}
}

// exact is evidence that agrees: two payments that were charged and one that was declined.
func exact() audit.Evidence {
	declined := outcome("c", 300)
	declined.State, declined.ChargeID = payment.Refused, ""
	request := func(cents int64) books.Request { return books.Request{Customer: "c-1", Amount: euro(cents)} }
	return audit.Evidence{
		Bank: []bankapi.Entry{charge(1, "a", 100), charge(2, "b", 200), {Number: 3, Reference: "c", ChargeID: "ch_c", Status: bankapi.Declined}},
		Books: books.Contents{
			Requests: map[string]books.Request{"a": request(100), "b": request(200), "c": request(300)},
			Outcomes: map[string]payment.Outcome{"a": outcome("a", 100), "b": outcome("b", 200), "c": declined},
			Balances: []books.Balance{{Account: "customer:c-1", Amount: euro(-300)}, {Account: "merchant", Amount: euro(300)}},
			Shares:   map[string]int64{"p1": 3},
		},
	}
}

func TestBooksThatAgreeAreExact(t *testing.T) {
	r := audit.Run(exact())
	require.True(t, r.Exact(), "%v", r.Differences)
	assert.Equal(t, []int{3, 2, 1}, []int{r.Orders, r.Settled, r.Declined})
	assert.Equal(t, []payment.Money{euro(300)}, r.Taken)
	var out bytes.Buffer
	r.Print(&out)
	assert.Contains(t, out.String(), "3.00 EUR")
	assert.Contains(t, out.String(), "exact to the cent")
	assert.True(t, audit.Run(audit.Evidence{}).Exact(), "nothing is exact too")
}

func TestWhateverDiffersIsFound(t *testing.T) {
	for want, change := range map[string]func(*audit.Evidence){
		"a was charged 2 times, in 2 entries of the bank": func(e *audit.Evidence) { e.Bank = append(e.Bank, charge(4, "a", 100)) },
		"a has no outcome": func(e *audit.Evidence) { delete(e.Books.Outcomes, "a") },
		"the bank has ch_a for a, which is not in the books":                    func(e *audit.Evidence) { delete(e.Books.Outcomes, "a") },
		"a is booked as settled, and the bank knows nothing of it":              func(e *audit.Evidence) { e.Bank = e.Bank[1:] },
		"c is booked as declined, and the bank knows nothing of it":             func(e *audit.Evidence) { e.Bank = e.Bank[:2] },
		"a was booked and never asked for":                                      func(e *audit.Evidence) { delete(e.Books.Requests, "a") },
		"the bank's entry 1 does not come to zero":                              func(e *audit.Evidence) { e.Bank[0].Postings[0].Amount.Cents++ },
		"the bank's accounts do not come to zero":                               func(e *audit.Evidence) { e.Bank[0].Postings[0].Amount.Cents++ },
		"the accounts of the books do not come to zero":                         func(e *audit.Evidence) { e.Books.Balances[0].Amount.Cents++ },
		"account merchant: 3.00 EUR in the bank, 3.01 EUR in the books":         func(e *audit.Evidence) { e.Books.Balances[1].Amount.Cents++ },
		"account merchant: 3.00 EUR in the sum of the payments, 3.01 EUR in th": func(e *audit.Evidence) { e.Books.Balances[1].Amount.Cents++ },
		"a is booked as settled of 1.00 EUR by ch_x":                            func(e *audit.Evidence) { o := outcome("a", 100); o.ChargeID = "ch_x"; e.Books.Outcomes["a"] = o },
		"a was asked for as 1.00 EUR of c-1 and booked as 1.01 EUR of c-1":      func(e *audit.Evidence) { e.Books.Outcomes["a"] = outcome("a", 101) },
		"at the bank it is settled of 1.00 EUR":                                 func(e *audit.Evidence) { e.Books.Outcomes["a"] = outcome("a", 101) },
		"b of c-1 was taken from customer:c-2 at the bank":                      func(e *audit.Evidence) { e.Bank[1].Postings[0].Account = "customer:c-2" },
		"a message was given up: because":                                       func(e *audit.Evidence) { e.Poisoned = []string{"because"} },
		"2 orders were taken on and are not in the stream":                      func(e *audit.Evidence) { e.Books.Unsent = 2 },
		"the sum is too large for 64 bits": func(e *audit.Evidence) {
			e.Bank = append(e.Bank, charge(4, "d", math.MaxInt64))
		},
	} {
		e := exact()
		change(&e)
		r := audit.Run(e)
		assert.False(t, r.Exact())
		var out bytes.Buffer
		r.Print(&out)
		assert.Contains(t, out.String(), want)
	}
}

func TestChargesBeyondTheFirstAreCounted(t *testing.T) {
	e := exact()
	e.Bank = append(e.Bank, charge(4, "a", 100), charge(5, "a", 100), charge(6, "b", 200))
	assert.Equal(t, 3, audit.Run(e).DoubleCharged)
}
