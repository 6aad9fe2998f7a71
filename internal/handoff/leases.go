package handoff

import (
	"context"
	"time"
)

// LeaseState is what became of a request for a lease.
type LeaseState int

// What becomes of a request for a lease.
const (
	// Granted: the work is the caller's until the lease ends.
	Granted LeaseState = iota
	// Taken: someone else is at it.
	Taken
	// Finished: it was done, and is not to be done again.
	Finished
)

// Lease is the answer to a request for one.
type Lease struct {
	State LeaseState
	// Left is how long the lease of someone else lasts if it is not renewed.
	Left time.Duration
}

// Leases keep who works on what, so that two do not at once. They may be called
// concurrently.
type Leases interface {
	// Acquire asks to work on key for ttl. An owner may ask again.
	Acquire(ctx context.Context, key, owner string, ttl time.Duration) (Lease, error)
	// Renew makes the owner's lease last for ttl from now. It has no effect on
	// that of another, and none when the work is finished.
	Renew(ctx context.Context, key, owner string, ttl time.Duration) error
	// Release ends the owner's lease. It has no effect on that of another, and none
	// when the work is finished.
	Release(ctx context.Context, key, owner string) error
}
