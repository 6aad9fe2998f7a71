package streams

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// Where a new consumer group starts to read.
const (
	// FromStart makes a new group read everything that the stream holds.
	FromStart = "0"
	// FromNow makes a new group read only what is published after it was made.
	FromNow = "$"
)

// ensureGroup makes the stream and the group unless they exist, and reports
// whether it made the group.
func ensureGroup(ctx context.Context, client redis.UniversalClient, topic, group, start string) (made bool, err error) {
	err = client.XGroupCreateMkStream(ctx, topic, group, start).Err()
	switch {
	case err == nil:
		return true, nil
	case redis.HasErrorPrefix(err, "BUSYGROUP"):
		return false, nil
	default:
		return false, fmt.Errorf("streams: make consumer group %s on %s: %w", group, topic, err)
	}
}
