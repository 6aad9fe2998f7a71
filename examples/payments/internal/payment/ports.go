package payment

import (
	"context"
	"errors"
)

var (
	// ErrDeclined is the bank's answer that it does not pay. Asking again does not change it.
	ErrDeclined = errors.New("the bank declined the payment")
	// ErrRefused is the bank's answer to what it does not understand, or would have to
	// charge twice. Asking again does not change it, and somebody should look.
	ErrRefused = errors.New("the bank refuses the request")
	// ErrConflict says that the books have another outcome for a payment. Somebody must look.
	ErrConflict = errors.New("the books say something else")
)

// Bank takes money. It is safe for concurrent use.
type Bank interface {
	// Charge charges an order under its id, once, however often it is called, and returns
	// the bank's name for the charge. It returns [ErrDeclined] or [ErrRefused]; any other
	// error means that there was no answer: the order may be charged or not, and asking
	// again is what tells.
	Charge(ctx context.Context, o Order) (chargeID string, err error)
}

// Books keep what became of payments, under their ids. It is safe for concurrent use.
type Books interface {
	// Book keeps an outcome and moves its money between the accounts in one step, once:
	// booking it again changes nothing. It fails with [ErrConflict].
	Book(ctx context.Context, o Outcome) error
}
