// Package books keeps the merchant's side in Redis: what was asked for, what became of it,
// and the accounts.
package books

import (
	"context"
	_ "embed" // for the scripts
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/payments/internal/payment"
)

//go:embed accept.lua
var acceptText string

//go:embed book.lua
var bookText string

var (
	acceptScript = redis.NewScript(acceptText)
	bookScript   = redis.NewScript(bookText)
)

// ErrAnother says that a key was used before for another payment.
var ErrAnother = errors.New("the key was used for another payment")

// Books are hashes in Redis. The methods may be called concurrently.
type Books struct {
	client redis.UniversalClient
	// Hashes by a payment's id: what was asked for, what of that is not in the stream for
	// certain, and what became of it.
	requests, unsent, outcomes string
	balances                   string // cents, by account
	shares                     string // number of payments, by processor
}

var _ payment.Books = (*Books)(nil)

// New returns the books whose keys begin with prefix. The client stays the caller's to
// close.
func New(client redis.UniversalClient, prefix string) *Books {
	return &Books{
		client: client, requests: prefix + "requests", unsent: prefix + "unsent",
		outcomes: prefix + "outcomes", balances: prefix + "balances", shares: prefix + "shares",
	}
}

// Request is what was asked for. The card is no part of it.
type Request struct {
	Customer    string        `json:"customer"`
	Amount      payment.Money `json:"amount"`
	Fingerprint string        `json:"fingerprint"`
}

// Accept takes an order on: from here on it is not forgotten. It tells whether the order is
// to be sent, which it is until [Books.Sent]. One that was taken on before changes nothing;
// another order with its id is [ErrAnother].
func (b *Books) Accept(ctx context.Context, o payment.Order) (unsent bool, err error) {
	request := Request{o.Customer, o.Amount, o.Fingerprint()}
	record, err := json.Marshal(request)
	if err != nil {
		return false, err
	}
	order, err := json.Marshal(o)
	if err != nil {
		return false, err
	}
	reply, err := acceptScript.Run(ctx, b.client, []string{b.requests, b.unsent}, o.ID, record, order).StringSlice()
	if err != nil {
		return false, fmt.Errorf("take on %s: %w", o.ID, err)
	}
	var was Request
	if err := json.Unmarshal([]byte(reply[0]), &was); err != nil {
		return false, fmt.Errorf("take on %s: what is there is no request: %w", o.ID, err)
	}
	if was != request {
		return false, ErrAnother
	}
	return reply[1] == "1", nil
}

// Sent notes that an order is in the stream.
func (b *Books) Sent(ctx context.Context, id string) error {
	return b.client.HDel(ctx, b.unsent, id).Err()
}

// Unsent returns the orders that were taken on and may not be in the stream.
func (b *Books) Unsent(ctx context.Context) ([]payment.Order, error) {
	texts, err := b.client.HVals(ctx, b.unsent).Result()
	if err != nil {
		return nil, err
	}
	orders := make([]payment.Order, len(texts))
	for i, text := range texts {
		if err := json.Unmarshal([]byte(text), &orders[i]); err != nil {
			return nil, fmt.Errorf("%s holds what is no order: %w", b.unsent, err)
		}
	}
	return orders, nil
}

// merchant is the account that is paid.
const merchant = "merchant"

// account returns the field of an account, one for each currency.
func account(name string, currency payment.Currency) string { return name + ":" + string(currency) }

func customer(name string) string { return "customer:" + name }

// Book implements [payment.Books].
func (b *Books) Book(ctx context.Context, o payment.Outcome) error {
	record, err := json.Marshal(o)
	if err != nil {
		return err
	}
	values := []any{o.ID, record, o.Processor}
	if o.State == payment.Charged {
		values = append(values,
			account(customer(o.Customer), o.Amount.Currency), strconv.FormatInt(-o.Amount.Cents, 10),
			account(merchant, o.Amount.Currency), strconv.FormatInt(o.Amount.Cents, 10))
	}
	text, err := bookScript.Run(ctx, b.client, []string{b.outcomes, b.balances, b.shares}, values...).Text()
	if err != nil {
		return fmt.Errorf("book %s: %w", o.ID, err)
	}
	var was payment.Outcome
	if err := json.Unmarshal([]byte(text), &was); err != nil {
		return fmt.Errorf("book %s: what is there is no outcome: %w", o.ID, err)
	}
	if !was.Same(o) {
		return fmt.Errorf("book %s: %w", o.ID, payment.ErrConflict)
	}
	return nil
}
