package flow

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// ErrOtherStore is of a Redis that has the events of another store's tasks.
var ErrOtherStore = errors.New("this Redis has the events of other tasks than this directory")

// storeKey has the id of the store whose events are in Redis.
const storeKey = Prefix + "store"

// Claimed reports whether this Redis has the events of any store.
func Claimed(ctx context.Context, client redis.UniversalClient) (bool, error) {
	n, err := client.Exists(ctx, storeKey, Prefix+"events").Result()
	return n > 0, err
}

// Claim says that the events of the store are the ones in this Redis. It refuses if
// they are another's: an index of both would be of neither.
func Claim(ctx context.Context, client redis.UniversalClient, storeID string) error {
	if err := client.SetNX(ctx, storeKey, storeID, 0).Err(); err != nil {
		return fmt.Errorf("claim the stream: %w", err)
	}
	id, err := client.Get(ctx, storeKey).Result()
	switch {
	case err != nil:
		return fmt.Errorf("claim the stream: %w", err)
	case id != storeID:
		return ErrOtherStore
	default:
		return nil
	}
}
