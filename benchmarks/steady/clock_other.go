//go:build !linux

package steady

import (
	"context"
	"time"
)

// ticker is a timer of Go.
type ticker struct{}

func newTicker() (ticker, error) { return ticker{}, nil }

// nap waits for a moment.
func (ticker) nap(ctx context.Context, d time.Duration) error { return wait(ctx, d) }

func (ticker) close() {}
