package reliability

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/redis/go-redis/v9"
)

// Account is what became of messages, from what is in Redis. Each is counted once:
// as delivered, poisoned, waiting or lost.
type Account struct {
	Published int
	// Delivered is how many have an output, Doubled how many outputs there are
	// beyond the first of each.
	Delivered, Doubled int
	// Poisoned is how many were put aside for good.
	Poisoned int
	// Waiting is how many the stream still holds for the group to work on.
	Waiting int
	// Lost is how many nobody will ever work on.
	Lost int
}

// String names what is not zero.
func (a Account) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%d of %d delivered", a.Delivered, a.Published)
	for _, part := range []struct {
		n    int
		name string
	}{{a.Lost, "lost"}, {a.Doubled, "doubled"}, {a.Waiting, "waiting"}, {a.Poisoned, "poisoned"}} {
		if part.n > 0 {
			fmt.Fprintf(&text, ", %d %s", part.n, part.name)
		}
	}
	return text.String()
}

// books are where to look for messages.
type books struct {
	client                 *redis.Client
	in, out, group, poison string
}

// account says what became of the messages with the ids.
func (b books) account(ctx context.Context, ids []string) (Account, error) {
	outputs, err := b.count(ctx, b.out, "-")
	if err != nil {
		return Account{}, err
	}
	poisoned, err := b.count(ctx, b.poison, "-")
	if err != nil {
		return Account{}, err
	}
	waiting, err := b.waiting(ctx)
	if err != nil {
		return Account{}, err
	}
	a := Account{Published: len(ids)}
	for _, id := range ids {
		switch {
		case outputs[id] > 0:
			a.Delivered++
			a.Doubled += outputs[id] - 1
		case poisoned[id] > 0:
			a.Poisoned++
		case waiting[id] > 0:
			a.Waiting++
		default:
			a.Lost++
		}
	}
	return a, nil
}

// count returns how many entries of a stream each message has, from an entry on.
func (b books) count(ctx context.Context, stream, from string) (map[string]int, error) {
	entries, err := b.client.XRange(ctx, stream, from, "+").Result()
	if err != nil {
		return nil, err
	}
	counts := make(map[string]int, len(entries))
	for _, e := range entries {
		if id, ok := e.Values[redisstream.UUIDHeaderKey].(string); ok {
			counts[id]++
		}
	}
	return counts, nil
}

// waiting returns the messages that were not delivered to the group, and those
// that were, are not acknowledged and still in the stream. Without the group,
// all that the stream holds waits.
func (b books) waiting(ctx context.Context) (map[string]int, error) {
	last, err := b.lastDelivered(ctx)
	if errors.Is(err, errNoGroup) {
		return b.count(ctx, b.in, "-")
	}
	if err != nil {
		return nil, err
	}
	waiting, err := b.count(ctx, b.in, "("+last)
	if err != nil {
		return nil, err
	}
	const most = 10_000
	pending, err := b.client.XPendingExt(ctx, &redis.XPendingExtArgs{
		Stream: b.in, Group: b.group, Start: "-", End: "+", Count: most,
	}).Result()
	if err != nil {
		return nil, err
	}
	for _, p := range pending {
		entries, err := b.client.XRange(ctx, b.in, p.ID, p.ID).Result()
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if id, ok := e.Values[redisstream.UUIDHeaderKey].(string); ok {
				waiting[id]++
			}
		}
	}
	return waiting, nil
}

var errNoGroup = errors.New("the group is gone")

func (b books) lastDelivered(ctx context.Context) (string, error) {
	exists, err := b.client.Exists(ctx, b.in).Result()
	if err != nil {
		return "", err
	}
	if exists == 0 {
		return "", errNoGroup
	}
	groups, err := b.client.XInfoGroups(ctx, b.in).Result()
	if err != nil {
		return "", err
	}
	for _, g := range groups {
		if g.Name == b.group {
			return g.LastDeliveredID, nil
		}
	}
	return "", errNoGroup
}

// pending returns how many entries the group holds unacknowledged; none when it
// does not exist.
func (b books) pending(ctx context.Context) (int64, error) {
	summary, err := b.client.XPending(ctx, b.in, b.group).Result()
	if redis.HasErrorPrefix(err, "NOGROUP") {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return summary.Count, nil
}
