package ledger

import (
	"context"
	"fmt"
	"math/big"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/orders/internal/order"
)

// Balance is what the books hold.
type Balance struct {
	Charged, Declined, Express, Standard, Receipts int64
	// ChargedCents is the sum of all charges: each fits into 64 bits, their
	// sum need not.
	ChargedCents *big.Int
}

// Balance reads the books.
func (l *Ledger) Balance(ctx context.Context) (Balance, error) {
	b := Balance{ChargedCents: new(big.Int)}
	var cents *redis.StringSliceCmd
	counts := map[*redis.IntCmd]*int64{}
	_, err := l.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		cents = pipe.HVals(ctx, l.key(charges))
		for book, count := range map[string]*int64{
			charges:                &b.Charged,
			declined:               &b.Declined,
			string(order.Express):  &b.Express,
			string(order.Standard): &b.Standard,
			receipts:               &b.Receipts,
		} {
			counts[pipe.HLen(ctx, l.key(book))] = count
		}
		return nil
	})
	if err != nil {
		return Balance{}, fmt.Errorf("ledger: %w", err)
	}
	for reply, count := range counts {
		*count = reply.Val()
	}
	charge := new(big.Int)
	for _, text := range cents.Val() {
		if _, ok := charge.SetString(text, 10); !ok {
			return Balance{}, fmt.Errorf("ledger: %s holds %q, which is no amount of cents", l.key(charges), text)
		}
		b.ChargedCents.Add(b.ChargedCents, charge)
	}
	return b, nil
}
