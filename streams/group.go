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

// beginning returns where to make the group again should it be lost: where it
// would begin anew, or, when that is now, behind what it has been delivered by
// now. What is published before a loss is noticed must not fall through.
func beginning(ctx context.Context, client redis.UniversalClient, topic, group, start string) (string, error) {
	if start != FromNow {
		return start, nil
	}
	groups, err := client.XInfoGroups(ctx, topic).Result()
	if err != nil {
		return "", fmt.Errorf("streams: look for consumer group %s on %s: %w", group, topic, err)
	}
	for _, g := range groups {
		if g.Name == group {
			return g.LastDeliveredID, nil
		}
	}
	return start, nil
}
