package order

import (
	"context"
	"errors"
)

// ErrDeclined is the bank's answer that it does not pay. Asking again does not
// change it.
var ErrDeclined = errors.New("the bank declined the card")

// ErrUnavailable says that books cannot be written now. It speaks of the
// books, not of the order: the same call is right a while later.
var ErrUnavailable = errors.New("the books cannot be written now")

// Gateway takes money off cards. It is safe for concurrent use.
type Gateway interface {
	// Charge takes the payment. The order's id makes the call idempotent: an
	// order is charged once, however often this is called. Charge returns
	// [ErrDeclined] when the bank says no and [ErrUnavailable] when its books
	// are closed; any other error means that it had no answer, and may have
	// one when asked again.
	Charge(ctx context.Context, p Payment) error
}

// Ledger keeps what the shop did. Each record is kept under its order's id, and
// the first one stays: recording again changes nothing. The methods are safe
// for concurrent use, and fail with [ErrUnavailable].
type Ledger interface {
	// Ship records that a parcel is on its way.
	Ship(ctx context.Context, s Shipment) error
	// SendReceipt records that the customer was sent a receipt.
	SendReceipt(ctx context.Context, r Receipt) error
	// Decline records that an order was not paid for.
	Decline(ctx context.Context, d Declined) error
}
