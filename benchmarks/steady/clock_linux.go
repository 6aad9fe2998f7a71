package steady

import (
	"context"
	"syscall"
	"time"
)

// nap waits for a moment, or less when a signal comes.
func nap(_ context.Context, d time.Duration) {
	short := syscall.NsecToTimespec(d.Nanoseconds())
	_ = syscall.Nanosleep(&short, nil)
}
