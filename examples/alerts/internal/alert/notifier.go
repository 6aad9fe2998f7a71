package alert

import (
	"context"
	"errors"
)

// ErrDown says that the notifier cannot take anything now. It speaks of the notifier, not
// of what it was to take: the same call is right a while later.
var ErrDown = errors.New("the notifier is down")

// ErrRefused says that the notifier will never take this. Asking again does not change it.
var ErrRefused = errors.New("the notifier refuses it")

// Notifier tells people. Its methods may be called concurrently, and any number of times
// with one key: the notifier tells once. They return [ErrDown] or [ErrRefused], wrapped.
type Notifier interface {
	// Page wakes somebody.
	Page(ctx context.Context, key string, a Alert) error
	// Open opens a ticket.
	Open(ctx context.Context, key string, t Ticket) error
}
