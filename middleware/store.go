package middleware

import (
	"context"
	"time"

	"github.com/millstream-go/millstream/internal/handoff"
)

// Lease is the answer to a request for a lease: a struct with the fields
//
//	State  LeaseState     // what became of the request
//	Left   time.Duration  // how long the lease of another lasts if it is not renewed
type Lease = handoff.Lease

// LeaseState is what became of a request for a lease: [Granted], [Taken] or
// [Finished].
type LeaseState = handoff.LeaseState

// What becomes of a request for a lease.
const (
	// Granted: the work is the caller's until the lease ends.
	Granted = handoff.Granted
	// Taken: another is at it.
	Taken = handoff.Taken
	// Finished: it was done, and is not to be done again.
	Finished = handoff.Finished
)

// Store keeps who works on what, and what was done. [NewMemoryStore] makes one for a
// single process, redisstore.NewDedup one that processes share. Its methods may be
// called concurrently. Each is one atomic step, and an error leaves open whether it
// was taken.
//
// Times are at least a millisecond; a store need not count in less. An owner is any
// text: two are the same when the texts are.
//
// Whoever makes a store closes it when the router has ended, for the marks follow the
// acknowledgements: first the router, then the store, then the client or whatever is
// behind it.
type Store interface {
	// Acquire asks to work on key for ttl. An owner may ask again and gets the lease
	// for ttl from then on. When the store is closed it fails with [ErrStoreClosed];
	// the other methods go on to work, to end what was begun.
	Acquire(ctx context.Context, key, owner string, ttl time.Duration) (Lease, error)
	// Renew makes the owner's lease last for ttl from now. It has no effect on that
	// of another, none on one that has ended, and none when the work is finished.
	Renew(ctx context.Context, key, owner string, ttl time.Duration) error
	// Release ends the owner's lease. It has no effect on that of another, and none
	// when the work is finished.
	Release(ctx context.Context, key, owner string) error
	// Finish marks key as done for ttl, whoever has its lease; a ttl of 0, or a
	// negative, never ends. A key that is marked stays so for as long as it was.
	Finish(ctx context.Context, key string, ttl time.Duration) error
	// Deliveries returns what knows the messages under way, the same each time: of
	// two Dedups around one handler with the same store, the inner one lets a message
	// pass by it. Its Close is that of the store.
	Deliveries() *Deliveries
}
