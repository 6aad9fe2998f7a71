//go:build !linux

package steady

import (
	"context"
	"time"
)

// nap waits for a moment.
func nap(ctx context.Context, d time.Duration) { _ = pause(ctx, d) }
