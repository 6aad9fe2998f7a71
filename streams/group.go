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
func ensureGroup(ctx context.Context, d domain, topic, group, start string) (made bool, err error) {
	err = d.client.XGroupCreateMkStream(ctx, topic, group, start).Err()
	switch {
	case err == nil:
		return true, nil
	case redis.HasErrorPrefix(err, "BUSYGROUP"):
		return false, nil
	case redis.HasErrorPrefix(err, "OOM"):
		// Redis says so before it looks. A group that exists can be worked for all
		// the same, and has to be: who else would free the memory?
		if _, exists, failed := findGroup(ctx, d, topic, group); failed == nil && exists {
			return false, nil
		}
	}
	lookAround(ctx, d.client, err)
	return false, fmt.Errorf("streams: make consumer group %s on %s: %w", group, topic, d.explain(ctx, err, wanted{topic, "stream"}))
}

// beginning returns where to make the group again should it be lost: where it
// would begin anew, or, when that is now, behind what it has been delivered by
// now. What is published before a loss is noticed must not fall through.
func beginning(ctx context.Context, d domain, topic, group, start string) (string, error) {
	if start != FromNow {
		return start, nil
	}
	last, exists, err := findGroup(ctx, d, topic, group)
	if err != nil {
		return "", fmt.Errorf("streams: look for consumer group %s on %s: %w", group, topic, d.explain(ctx, err))
	}
	if !exists {
		return start, nil
	}
	return last, nil
}

// findGroup reports whether a group exists and which id it was delivered last.
func findGroup(ctx context.Context, d domain, topic, group string) (last string, exists bool, err error) {
	groups, err := d.client.XInfoGroups(ctx, topic).Result()
	if err != nil {
		return "", false, err
	}
	for _, g := range groups {
		if g.Name == group {
			return g.LastDeliveredID, true, nil
		}
	}
	return "", false, nil
}
