package payment_test

import (
	"encoding/json"
	"go/build"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/payments/internal/payment"
)

func TestAmountsAreReadToTheCent(t *testing.T) {
	for amount, want := range map[string]int64{
		"25.99": 2599, "25.9": 2590, "25": 2500, "0.01": 1, "1000000": payment.MaxCents, "1000000.00": payment.MaxCents, "007.5": 750,
	} {
		cents, err := payment.ParseCents(amount)
		assert.NoError(t, err, amount)
		assert.Equal(t, want, cents, amount)
	}
}

func TestWhatIsNoAmountToBePaidIsRefused(t *testing.T) {
	for amount, want := range map[string]string{
		"":                              "is missing",
		"0":                             "must be more than 0",
		"0.00":                          "must be more than 0",
		"-0":                            "must be more than 0",
		"-1":                            `must be more than 0, not "-1"`,
		"-99999999999999999999":         "must be more than 0, not",
		"1.001":                         "has 3 decimals",
		"1.000":                         "has 3 decimals",
		"1000000.01":                    "is more than the 1000000.00",
		"92233720368547758.08":          "is more than the 1000000.00",
		"99999999999999999999999":       "is more than the 1000000.00",
		"1,50":                          "is no amount",
		"1e2":                           "is no amount",
		"NaN":                           "is no amount",
		"+1":                            "is no amount",
		" 1":                            "is no amount",
		"1.":                            "is no amount",
		".5":                            "is no amount",
		"--1":                           "is no amount",
		"1.-5":                          "is no amount",
		"٣":                             "is no amount",
		"\x1b[2J":                       `"\x1b[2J" is no amount`,
		"1.5" + strings.Repeat("0", 99): "has 100 decimals",
	} {
		cents, err := payment.ParseCents(amount)
		assert.ErrorContains(t, err, want, amount)
		assert.Zero(t, cents)
	}
}

func TestSumsDoNotOverflow(t *testing.T) {
	euro := func(cents int64) payment.Money { return payment.Money{Cents: cents, Currency: "EUR"} }
	sum, err := euro(math.MaxInt64 - 1).Add(euro(1))
	require.NoError(t, err)
	assert.Equal(t, euro(math.MaxInt64), sum)
	for _, pair := range [][2]int64{{math.MaxInt64, 1}, {1, math.MaxInt64}, {math.MinInt64, -1}, {-1, math.MinInt64}, {math.MinInt64, math.MinInt64}} {
		_, err := euro(pair[0]).Add(euro(pair[1]))
		assert.ErrorIs(t, err, payment.ErrOverflow)
	}
	_, err = euro(math.MinInt64).Negative()
	assert.ErrorIs(t, err, payment.ErrOverflow)
	_, err = euro(1).Add(payment.Money{Cents: 1, Currency: "USD"})
	assert.ErrorIs(t, err, payment.ErrCurrencies)
}

func TestMoneyIsShownAsPeopleWriteIt(t *testing.T) {
	for want, cents := range map[string]int64{
		"0.00 EUR": 0, "0.05 EUR": 5, "-0.05 EUR": -5, "25.99 EUR": 2599, "-92233720368547758.08 EUR": math.MinInt64,
	} {
		assert.Equal(t, want, payment.Money{Cents: cents, Currency: "EUR"}.String())
	}
}

var good = payment.Request{Customer: "c-1", Amount: "25.99", Currency: "EUR", Card: "tok_visa"}

func TestTheSameKeyIsTheSamePayment(t *testing.T) {
	one, err := good.Check("key")
	require.NoError(t, err)
	again, err := good.Check("key")
	require.NoError(t, err)
	assert.Equal(t, one, again)
	assert.Equal(t, one.Fingerprint(), again.Fingerprint())
	other, err := good.Check("another")
	require.NoError(t, err)
	assert.NotEqual(t, one.ID, other.ID)
	assert.NotContains(t, one.ID, "key")
	assert.NoError(t, one.Check())

	seen := map[string]bool{one.Fingerprint(): true}
	for _, change := range []func(*payment.Order){
		func(o *payment.Order) { o.ID = "x" },
		func(o *payment.Order) { o.Customer = "x" },
		func(o *payment.Order) { o.Amount.Cents++ },
		func(o *payment.Order) { o.Amount.Currency = "USD" },
		func(o *payment.Order) { o.Card = "x" },
	} {
		changed := one
		change(&changed)
		assert.False(t, seen[changed.Fingerprint()])
		seen[changed.Fingerprint()] = true
	}
}

func TestAllThatIsWrongIsSaidAtOnce(t *testing.T) {
	_, err := payment.Request{Amount: "1.234", Card: "no blanks"}.Check("")
	var faults payment.Faults
	require.ErrorAs(t, err, &faults)
	var fields []string
	for _, fault := range faults {
		fields = append(fields, fault.Field)
	}
	assert.Equal(t, []string{"Idempotency-Key", "customer", "amount", "currency", "card"}, fields)
	assert.ErrorContains(t, err, `currency must be one of CHF, EUR, GBP or USD, not ""`)
}

func TestAnOrderOfUnknownOriginIsHeldAgainstTheRules(t *testing.T) {
	order, err := good.Check("key")
	require.NoError(t, err)
	for _, change := range []func(*payment.Order){
		func(o *payment.Order) { o.ID = "" },
		func(o *payment.Order) { o.Amount.Cents = 0 },
		func(o *payment.Order) { o.Amount.Cents = payment.MaxCents + 1 },
		func(o *payment.Order) { o.Amount.Currency = "XXX" },
		func(o *payment.Order) { o.Customer = "" },
	} {
		wrong := order
		change(&wrong)
		assert.Error(t, wrong.Check())
	}
}

func TestWhatBecameOfAnOrderSaysNothingOfTheCard(t *testing.T) {
	order, err := good.Check("key")
	require.NoError(t, err)
	settled, declined := payment.Outcome(order.Settled("ch_1", "p1")), payment.Outcome(order.Declined("p1"))
	for _, outcome := range []payment.Outcome{settled, declined} {
		text, err := json.Marshal(outcome)
		require.NoError(t, err)
		assert.NotContains(t, string(text), "visa")
	}
	assert.True(t, settled.Same(payment.Outcome(order.Settled("ch_1", "p2"))), "whoever did it")
	assert.False(t, settled.Same(payment.Outcome(order.Settled("ch_2", "p1"))))
	assert.False(t, settled.Same(declined))
}

// TestImportsOnlyTheStandardLibrary keeps the domain free of the rest.
func TestImportsOnlyTheStandardLibrary(t *testing.T) {
	pkg, err := build.ImportDir(".", 0)
	require.NoError(t, err)
	assert.Equal(t, -1, slices.IndexFunc(pkg.Imports, func(path string) bool { return strings.Contains(path, ".") }), "%v", pkg.Imports)
}
