package streams

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/commit"
	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/internal/lease"
)

// leases are leases on keys that are scoped to the topic and group of a delivery.
type leases struct {
	client   redis.UniversalClient
	delivery handoff.Delivery
}

func (l leases) key(name string) string {
	return commit.MarkKey(l.delivery.Topic, l.delivery.Group, name)
}

// Acquire asks until Redis answers or ctx ends: an outage is not the message's
// fault, and must not use up its attempts.
func (l leases) Acquire(ctx context.Context, key, owner string, ttl time.Duration) (handoff.Lease, error) {
	for failures := 1; ; failures++ {
		granted, err := lease.Acquire(ctx, l.client, l.key(key), owner, ttl)
		if err == nil || commit.Refused(err) {
			return granted, err
		}
		select {
		case <-ctx.Done():
			return handoff.Lease{}, err
		case <-time.After(backoff(50*time.Millisecond, 2*time.Second, failures)):
		}
	}
}

func (l leases) Renew(ctx context.Context, key, owner string, ttl time.Duration) error {
	return lease.Renew(ctx, l.client, l.key(key), owner, ttl)
}

func (l leases) Release(ctx context.Context, key, owner string) error {
	return lease.Release(ctx, l.client, l.key(key), owner)
}
