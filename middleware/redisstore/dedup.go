package redisstore

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/isnil"
	"github.com/millstream-go/millstream/internal/lease"
	"github.com/millstream-go/millstream/middleware"
)

// DefaultDedupPrefix is what the keys of [Dedup] begin with by default.
const DefaultDedupPrefix = "millstream:dedup:"

// errUnmade is returned by a Dedup that [NewDedup] did not make.
var errUnmade = errors.New("redisstore: this Dedup has no client: make it with NewDedup")

// Dedup is a [middleware.Store] in Redis, for messages of transports without a
// handoff: processes that use the same server and prefix share it.
//
// What it keeps about a key of middleware.Dedup is the string
//
//	PREFIX SCOPE ":" KEY    "lease OWNER" while someone is at work, "done" after that
//
// with the scope as in a URL's query, so that it has no colon. Each step is a script
// that touches this one key, so that on Redis Cluster the keys spread over all
// servers, unless the prefix has a hash tag in braces. Leases and marks are set also
// when Redis is full; with another eviction policy than noeviction, Redis may forget
// them then.
//
// Its methods may be called concurrently. What is done while Redis is away fails with
// the client's error; middleware.Dedup asks again.
type Dedup struct {
	client     redis.UniversalClient
	prefix     string
	deliveries middleware.Deliveries
}

var _ middleware.Store = (*Dedup)(nil)

// DedupConfig configures a [Dedup]. The zero value works.
type DedupConfig struct {
	// Prefix is what the keys begin with. Default: [DefaultDedupPrefix].
	Prefix string
}

// NewDedup returns a store on client, which may be of any kind. It does not connect.
// Whoever makes the store closes it when the router has ended, and the client after that.
func NewDedup(client redis.UniversalClient, config DedupConfig) (*Dedup, error) {
	if isnil.Value(client) {
		return nil, errors.New("redisstore: the Redis client is nil: make one with redis.NewUniversalClient")
	}
	if config.Prefix == "" {
		config.Prefix = DefaultDedupPrefix
	}
	return &Dedup{client: client, prefix: config.Prefix}, nil
}

// Deliveries implements [middleware.Store].
func (d *Dedup) Deliveries() *middleware.Deliveries {
	if d == nil {
		return nil
	}
	return &d.deliveries
}

// Close waits until the messages that middleware.Dedup has handled are marked, and
// refuses others from then on with [middleware.ErrStoreClosed]; see
// [middleware.Deliveries.Close] for how long that takes. It does not close the client,
// which it still needs: close the router first, then the store, then the client.
func (d *Dedup) Close() error {
	return wrap(d.Deliveries().Close())
}

// Acquire implements [middleware.Store].
func (d *Dedup) Acquire(ctx context.Context, key, owner string, ttl time.Duration) (middleware.Lease, error) {
	if d.isUnmade() {
		return middleware.Lease{}, errUnmade
	}
	if err := d.deliveries.Err(); err != nil {
		return middleware.Lease{}, wrap(err)
	}
	answer, err := lease.Acquire(ctx, d.client, d.prefix+key, whole(owner), atLeast(ttl))
	return answer, wrap(err)
}

// Renew implements [middleware.Store].
func (d *Dedup) Renew(ctx context.Context, key, owner string, ttl time.Duration) error {
	if d.isUnmade() {
		return errUnmade
	}
	return wrap(lease.Renew(ctx, d.client, d.prefix+key, whole(owner), atLeast(ttl)))
}

// Release implements [middleware.Store].
func (d *Dedup) Release(ctx context.Context, key, owner string) error {
	if d.isUnmade() {
		return errUnmade
	}
	return wrap(lease.Release(ctx, d.client, d.prefix+key, whole(owner)))
}

// Finish implements [middleware.Store].
func (d *Dedup) Finish(ctx context.Context, key string, ttl time.Duration) error {
	if d.isUnmade() {
		return errUnmade
	}
	if ttl > 0 {
		ttl = atLeast(ttl)
	}
	_, err := lease.Finish(ctx, d.client, d.prefix+key, max(ttl, 0))
	return wrap(err)
}

func (d *Dedup) isUnmade() bool { return d == nil || d.client == nil }

// whole keeps an owner with a slash from being taken for a run of another.
func whole(owner string) string { return url.PathEscape(owner) }

// atLeast returns a time that Redis can count: in its milliseconds, none would end at
// once or never.
func atLeast(ttl time.Duration) time.Duration { return max(ttl, time.Millisecond) }

func wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("redisstore: %w", err)
}
