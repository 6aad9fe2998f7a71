package payment

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// Request is what a caller asks for: nothing of it is checked.
type Request struct {
	Customer string `json:"customer"`
	Amount   string `json:"amount"` // text, as numbers in JSON are floats to many
	Currency string `json:"currency"`
	Card     string `json:"card"` // a token, never a number
}

// Fault is what is wrong with one field.
type Fault struct {
	Field  string
	Reason string
}

// Faults are all that is wrong with a request.
type Faults []Fault

// Error returns them in one line.
func (f Faults) Error() string {
	texts := make([]string, len(f))
	for i, fault := range f {
		texts[i] = fault.Field + " " + fault.Reason
	}
	return strings.Join(texts, "; ")
}

// The bounds of texts, in bytes.
const (
	maxKey  = 200
	maxName = 64
)

// Check returns the order that the request is. The key is the caller's: one for each
// payment that it means. The error is [Faults], all of them.
func (r Request) Check(key string) (Order, error) {
	var faults Faults
	note := func(field string, err error) {
		if err != nil {
			faults = append(faults, Fault{field, err.Error()})
		}
	}
	id, err := ID(key)
	note("Idempotency-Key", err)
	note("customer", checkName(r.Customer, `"c-1042"`))
	cents, err := ParseCents(r.Amount)
	note("amount", err)
	currency, err := ParseCurrency(r.Currency)
	note("currency", err)
	note("card", checkName(r.Card, `"tok_visa"`))
	if faults != nil {
		return Order{}, faults
	}
	return Order{ID: id, Customer: r.Customer, Amount: Money{cents, currency}, Card: r.Card}, nil
}

// ID returns the id of the payment that a caller means by a key. It is a digest: keys
// may say what is nobody's business.
func ID(key string) (string, error) {
	switch {
	case key == "":
		return "", fmt.Errorf("is missing: send one that is the same when the request is repeated, and another for another payment")
	case len(key) > maxKey:
		return "", fmt.Errorf("has %d characters, and %d at most are taken", len(key), maxKey)
	case strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }):
		return "", fmt.Errorf("must be printable ASCII without spaces")
	}
	digest := sha256.Sum256([]byte(key))
	return "pay_" + hex.EncodeToString(digest[:12]), nil
}

// checkName checks an identifier. No e-mail address is one: names end up in logs and
// account statements.
func checkName(name, example string) error {
	switch {
	case name == "":
		return fmt.Errorf("is missing: write an identifier such as %s", example)
	case len(name) > maxName:
		return fmt.Errorf("has %d characters, and %d at most are taken", len(name), maxName)
	case !isName(name):
		return fmt.Errorf("must be an identifier such as %s, of letters, digits, '-', '_' and '.', not %s", example, quote(name))
	}
	return nil
}

// isName tells whether a text is an identifier.
func isName(s string) bool {
	odd := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.", r)
	}
	return s != "" && len(s) <= maxName && !strings.ContainsFunc(s, odd)
}
