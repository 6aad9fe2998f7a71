package books

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/payments/internal/payment"
)

// ErrUnknown says that there is no payment with an id.
var ErrUnknown = errors.New("there is no such payment")

// Find returns what is known of a payment: it is accepted until its outcome is booked.
func (b *Books) Find(ctx context.Context, id string) (payment.Outcome, error) {
	var request, outcome *redis.StringCmd
	_, err := b.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		request, outcome = pipe.HGet(ctx, b.requests, id), pipe.HGet(ctx, b.outcomes, id)
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return payment.Outcome{}, fmt.Errorf("find %s: %w", id, err)
	}
	var found payment.Outcome
	switch {
	case outcome.Err() == nil:
		return found, json.Unmarshal([]byte(outcome.Val()), &found)
	case request.Err() == nil:
		var r Request
		err := json.Unmarshal([]byte(request.Val()), &r)
		return payment.Outcome{ID: id, Customer: r.Customer, Amount: r.Amount, State: payment.Accepted}, err
	default:
		return found, ErrUnknown
	}
}

// Balance is what an account holds.
type Balance struct {
	Account string        `json:"account"` // merchant, or customer:NAME
	Amount  payment.Money `json:"amount"`
}

// Contents are all that the books hold, as of one moment.
type Contents struct {
	Requests map[string]Request
	Outcomes map[string]payment.Outcome
	Balances []Balance
	Shares   map[string]int64
	Unsent   int64
}

// Read reads the books.
func (b *Books) Read(ctx context.Context) (Contents, error) {
	var requests, outcomes, balances, shares *redis.MapStringStringCmd
	var unsent *redis.IntCmd
	_, err := b.client.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
		requests, outcomes = pipe.HGetAll(ctx, b.requests), pipe.HGetAll(ctx, b.outcomes)
		balances, shares, unsent = pipe.HGetAll(ctx, b.balances), pipe.HGetAll(ctx, b.shares), pipe.HLen(ctx, b.unsent)
		return nil
	})
	if err != nil {
		return Contents{}, fmt.Errorf("read the books: %w", err)
	}
	c := Contents{Unsent: unsent.Val()}
	if c.Requests, err = decoded[Request](requests.Val()); err != nil {
		return c, err
	}
	if c.Outcomes, err = decoded[payment.Outcome](outcomes.Val()); err != nil {
		return c, err
	}
	if c.Shares, err = decoded[int64](shares.Val()); err != nil {
		return c, err
	}
	c.Balances, err = decodedBalances(balances.Val())
	return c, err
}

// decoded decodes the values of a hash.
func decoded[T any](hash map[string]string) (map[string]T, error) {
	values := make(map[string]T, len(hash))
	for field, text := range hash {
		var value T
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			return nil, fmt.Errorf("the books hold what does not belong there, at %q: %w", field, err)
		}
		values[field] = value
	}
	return values, nil
}

func decodedBalances(hash map[string]string) ([]Balance, error) {
	balances := make([]Balance, 0, len(hash))
	for field, text := range hash {
		at := strings.LastIndexByte(field, ':')
		cents, err := strconv.ParseInt(text, 10, 64)
		if at < 0 || err != nil {
			return nil, fmt.Errorf("account %q holds %q, which is no amount of cents", field, text)
		}
		balances = append(balances, Balance{field[:at], payment.Money{Cents: cents, Currency: payment.Currency(field[at+1:])}})
	}
	return balances, nil
}

// Ping asks whether Redis is there.
func (b *Books) Ping(ctx context.Context) error { return b.client.Ping(ctx).Err() }

// Open returns how many payments have no outcome yet.
func (b *Books) Open(ctx context.Context) (int64, error) {
	var requests, outcomes *redis.IntCmd
	_, err := b.client.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
		requests, outcomes = pipe.HLen(ctx, b.requests), pipe.HLen(ctx, b.outcomes)
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("read the books: %w", err)
	}
	return requests.Val() - outcomes.Val(), nil
}
