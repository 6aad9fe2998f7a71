package payment

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Currency is the code of one, as in ISO 4217.
type Currency string

// currencies are those that are taken. A hundred cents make one of each.
var currencies = []Currency{"CHF", "EUR", "GBP", "USD"}

// MaxCents is the most that one payment may be: a million.
const MaxCents = 100_000_000

// Money is an amount of whole cents. There are no floats: what cannot be said in cents
// is refused, not rounded.
type Money struct {
	Cents    int64    `json:"cents"`
	Currency Currency `json:"currency"`
}

// What is wrong with a sum.
var (
	// ErrOverflow says that a sum is beyond what 64 bits hold.
	ErrOverflow = errors.New("the sum is too large for 64 bits")
	// ErrCurrencies says that there is no such sum.
	ErrCurrencies = errors.New("amounts of different currencies have no sum")
)

// ParseCurrency returns the currency with the code.
func ParseCurrency(code string) (Currency, error) {
	if !slices.Contains(currencies, Currency(code)) {
		return "", fmt.Errorf("must be one of %s, not %s", list(currencies), quote(code))
	}
	return Currency(code), nil
}

// ParseCents returns the cents of an amount to be paid, such as 25.99, 25.9 or 25.
func ParseCents(amount string) (int64, error) {
	const want = `write it like "25.99"`
	whole, fraction, point := strings.Cut(amount, ".")
	digits := strings.TrimPrefix(whole, "-")
	switch {
	case amount == "":
		return 0, errors.New("is missing: " + want)
	case !isNumber(digits) || point && !isNumber(fraction):
		return 0, fmt.Errorf("%s is no amount: %s", quote(amount), want)
	case len(fraction) > 2:
		return 0, fmt.Errorf("%s has %d decimals, and there is nothing smaller than a cent: %s", quote(amount), len(fraction), want)
	}
	cents, err := strconv.ParseInt(digits+(fraction + "00")[:2], 10, 64)
	switch {
	case err == nil && cents == 0:
		return 0, errors.New("must be more than 0")
	case whole != digits:
		return 0, fmt.Errorf("must be more than 0, not %s: a payment takes money, it gives none", quote(amount))
	case err != nil || cents > MaxCents:
		return 0, fmt.Errorf("%s is more than the %s that one payment may be", quote(amount), decimal(MaxCents))
	}
	return cents, nil
}

func isNumber(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

// Add returns the sum. It fails with [ErrOverflow] or [ErrCurrencies].
func (m Money) Add(n Money) (Money, error) {
	switch {
	case m.Currency != n.Currency:
		return Money{}, fmt.Errorf("%s and %s: %w", m, n, ErrCurrencies)
	case n.Cents > 0 && m.Cents > math.MaxInt64-n.Cents, n.Cents < 0 && m.Cents < math.MinInt64-n.Cents:
		return Money{}, fmt.Errorf("%s and %s: %w", m, n, ErrOverflow)
	}
	return Money{m.Cents + n.Cents, m.Currency}, nil
}

// Negative returns what makes zero of m. There is none of the smallest number.
func (m Money) Negative() (Money, error) {
	if m.Cents == math.MinInt64 {
		return Money{}, fmt.Errorf("%s: %w", m, ErrOverflow)
	}
	return Money{-m.Cents, m.Currency}, nil
}

// String returns it as people write it: 25.99 EUR.
func (m Money) String() string { return decimal(m.Cents) + " " + string(m.Currency) }

func decimal(cents int64) string {
	sign, size := "", uint64(cents)
	if cents < 0 {
		sign, size = "-", -size
	}
	return fmt.Sprintf("%s%d.%02d", sign, size/100, size%100)
}

func list[T ~string](values []T) string {
	var text strings.Builder
	for i, value := range values {
		switch i {
		case 0:
		case len(values) - 1:
			text.WriteString(" or ")
		default:
			text.WriteString(", ")
		}
		text.WriteString(string(value))
	}
	return text.String()
}

// shownBytes bounds what a reason repeats of a wrong value.
const shownBytes = 40

// quote returns s in quotes, cut when it is long, with nothing in it that could act on a
// terminal.
func quote(s string) string {
	if len(s) > shownBytes {
		s = s[:shownBytes] + "..."
	}
	return strconv.Quote(s)
}
