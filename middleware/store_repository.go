package middleware

import (
	"context"
	"errors"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	wm "github.com/ThreeDotsLabs/watermill/message/router/middleware"
)

// errNoStore is returned by a repository that was made without a store.
var errNoStore = errors.New("middleware.Repository has no store: give it one, such as NewMemoryStore()")

// Repository lets Watermill's own Deduplicator remember in a store, so that
// processes share what they have seen. A key is remembered for ttl; 0 or [Forever]
// never ends.
//
// The Deduplicator asks before its handler runs, and what it asks about is marked
// then: a message whose handler fails, or whose process dies, is dropped as a
// duplicate of itself when it comes again. Use it where a lost message matters less
// than one that is handled twice, or as decorator of a publisher; [Dedup] has no
// such gap.
//
// It may be used concurrently.
func Repository(store Store, ttl time.Duration) wm.ExpiringKeyRepository {
	return repository{store: store, ttl: inMilliseconds(ttl)}
}

type repository struct {
	store Store
	ttl   time.Duration
}

// IsDuplicate marks the key, and reports whether it was marked already or someone
// is just about it.
func (r repository) IsDuplicate(ctx context.Context, key string) (bool, error) {
	if r.store == nil {
		return false, errNoStore
	}
	// The lease lasts for the moment until the mark is set.
	owner, lease := watermill.NewUUID(), settleTime
	answer, err := r.store.Acquire(ctx, key, owner, lease)
	if err != nil || answer.State != Granted {
		return err == nil, err
	}
	if err := r.store.Finish(ctx, key, r.ttl); err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
		defer cancel()
		return false, errors.Join(err, r.store.Release(ctx, key, owner))
	}
	return false, nil
}
