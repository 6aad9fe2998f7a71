// Package ledger keeps the books of the shop and of its bank in Redis hashes,
// each record under its order's id.
package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/orders/internal/bank"
	"github.com/millstream-go/millstream/examples/orders/internal/order"
)

// Ledger is the shop's [order.Ledger] and the bank's [bank.Book].
type Ledger struct {
	client redis.Cmdable
	prefix string
}

var (
	_ order.Ledger = (*Ledger)(nil)
	_ bank.Book    = (*Ledger)(nil)
)

// The books, the last parts of the hashes' keys.
const (
	charges  = "charges"
	declined = "declined"
	receipts = "receipts"
)

// New returns the ledger whose keys begin with prefix. The client stays the
// caller's to close.
func New(client redis.Cmdable, prefix string) *Ledger {
	return &Ledger{client: client, prefix: prefix}
}

// Charge implements [bank.Book].
func (l *Ledger) Charge(ctx context.Context, orderID string, cents int64) error {
	return l.record(ctx, charges, orderID, cents)
}

// Ship implements [order.Ledger].
func (l *Ledger) Ship(ctx context.Context, s order.Shipment) error {
	return l.record(ctx, string(s.Speed), s.OrderID, s)
}

// Shipped reports whether the parcel is on its way.
func (l *Ledger) Shipped(ctx context.Context, s order.Shipment) (bool, error) {
	return l.client.HExists(ctx, l.key(string(s.Speed)), s.OrderID).Result()
}

// SendReceipt implements [order.Ledger].
func (l *Ledger) SendReceipt(ctx context.Context, r order.Receipt) error {
	return l.record(ctx, receipts, r.OrderID, r)
}

// Decline implements [order.Ledger].
func (l *Ledger) Decline(ctx context.Context, d order.Declined) error {
	return l.record(ctx, declined, d.ID, d)
}

// record keeps the first entry for an order: a repeat, after a crash between
// this and the message's acknowledgement, changes nothing.
func (l *Ledger) record(ctx context.Context, book, orderID string, entry any) error {
	text, err := json.Marshal(entry)
	if err != nil {
		return fmt.Errorf("ledger: %s of order %q: %w", book, orderID, err)
	}
	err = l.client.HSetNX(ctx, l.key(book), orderID, text).Err()
	switch {
	case err == nil:
		return nil
	case refused(err):
		return fmt.Errorf("ledger: %s of order %q: %w", book, orderID, err)
	default:
		return fmt.Errorf("ledger: %s of order %q: %w: %w", book, orderID, order.ErrUnavailable, err)
	}
}

// refused reports whether Redis said no for good, rather than being away or in a
// state that passes.
func refused(err error) bool {
	var reply redis.Error
	if !errors.As(err, &reply) {
		return false
	}
	for _, passing := range []string{"LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "MISCONF", "OOM", "BUSY"} {
		if redis.HasErrorPrefix(reply, passing) {
			return false
		}
	}
	return true
}

func (l *Ledger) key(book string) string { return l.prefix + book }
