// Package lease keeps on a Redis server who works on what: a key has a lease while
// someone is at it, and a mark once it was done. The scripts of package commit
// set marks of the same keys together with an acknowledgement.
package lease

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/handoff"
)

//go:embed acquire.lua
var acquireSource string

//go:embed keep.lua
var keepSource string

//go:embed finish.lua
var finishSource string

var (
	acquireScript = redis.NewScript(acquireSource)
	keepScript    = redis.NewScript(keepSource)
	finishScript  = redis.NewScript(finishSource)
)

// errUnexpected is a reply that the script does not make.
var errUnexpected = errors.New("unexpected reply of a script")

// Acquire asks to work on key for ttl. What is before the first '/' of an owner is
// who it is, the number behind it which run of theirs: the same one gets the lease
// again, a later run in place of an earlier one, and not the other way round.
func Acquire(ctx context.Context, client redis.UniversalClient, key, owner string, ttl time.Duration) (handoff.Lease, error) {
	reply, err := acquireScript.Run(ctx, client, []string{key}, owner, ttl.Milliseconds()).Int64Slice()
	if err != nil {
		return handoff.Lease{}, fmt.Errorf("ask for the lease of %s: %w", key, err)
	}
	if len(reply) != 2 {
		return handoff.Lease{}, fmt.Errorf("ask for the lease of %s: %w", key, errUnexpected)
	}
	return handoff.Lease{
		State: handoff.LeaseState(reply[0]), Left: time.Duration(max(reply[1], 0)) * time.Millisecond,
	}, nil
}

// Renew makes the owner's lease last for ttl from now, if the owner has it.
func Renew(ctx context.Context, client redis.UniversalClient, key, owner string, ttl time.Duration) error {
	if err := keepScript.Run(ctx, client, []string{key}, owner, ttl.Milliseconds()).Err(); err != nil {
		return fmt.Errorf("renew the lease of %s: %w", key, err)
	}
	return nil
}

// Release ends the owner's lease, if the owner has it.
func Release(ctx context.Context, client redis.UniversalClient, key, owner string) error {
	if err := keepScript.Run(ctx, client, []string{key}, owner, 0).Err(); err != nil {
		return fmt.Errorf("release the lease of %s: %w", key, err)
	}
	return nil
}

// Finish marks key as done for ttl, whoever has its lease; zero never ends. It
// reports whether it was not done before.
func Finish(ctx context.Context, client redis.UniversalClient, key string, ttl time.Duration) (first bool, err error) {
	n, err := finishScript.Run(ctx, client, []string{key}, ttl.Milliseconds()).Int()
	if err != nil {
		return false, fmt.Errorf("mark %s as done: %w", key, err)
	}
	return n == 1, nil
}
