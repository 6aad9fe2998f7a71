package naive_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/payments/internal/bankapi"
	"github.com/millstream-go/millstream/examples/payments/internal/naive"
	"github.com/millstream-go/millstream/examples/payments/internal/payment"
)

func TestWhatIsChargedAndSaidTwiceIsCounted(t *testing.T) {
	charge := func(reference string) bankapi.Entry {
		return bankapi.Entry{Reference: reference, Status: bankapi.Charged, Postings: []bankapi.Posting{
			{Account: "customer:c-1", Amount: payment.Money{Cents: -100, Currency: "EUR"}},
			{Account: bankapi.Merchant, Amount: payment.Money{Cents: 100, Currency: "EUR"}},
		}}
	}
	entries := []bankapi.Entry{charge("a"), charge("a"), charge("a"), charge("b"), charge("c"), charge("c"), {Reference: "d", Status: bankapi.Declined}}
	outcomes := []payment.Outcome{{ID: "a"}, {ID: "b"}, {ID: "b"}}
	tally, err := naive.Count([]string{"a", "b", "c"}, entries, outcomes)
	require.NoError(t, err)
	assert.Equal(t, naive.Tally{
		Payments: 3, Overcharged: 2, TooMany: 3, TooMuch: []payment.Money{{Cents: 300, Currency: "EUR"}}, Repeated: 1, Missing: 1,
	}, tally)
	assert.False(t, tally.Exact())
	var out bytes.Buffer
	tally.Print(&out)
	assert.Contains(t, out.String(), "of 3 payments 2 were charged more than once, with 3 charges too many, 3.00 EUR")

	tally, err = naive.Count([]string{"b"}, []bankapi.Entry{charge("b")}, []payment.Outcome{{ID: "b"}})
	require.NoError(t, err)
	assert.True(t, tally.Exact())
}
