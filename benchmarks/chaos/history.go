package chaos

import (
	"context"
	"fmt"

	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/pipeline"
)

// History is all that a run left in Redis.
type History struct {
	// Topics are the entries of each topic, in order.
	Topics map[string][]Entry
	// Added is how many entries each topic ever got, trimmed or not.
	Added map[string]int
	// Poison are the entries of the poison topic.
	Poison []Poisoned
	// Groups are what is left to do, by the name of the stage.
	Groups map[string]Left
}

// Entry is an entry of a topic.
type Entry struct {
	ID   string // of the entry
	UUID string // of the message
	Item string // of what it says
}

// Poisoned is an entry of the poison topic.
type Poisoned struct {
	Entry
	Stage, Kind string
}

// Left is what a group has not done.
type Left struct {
	Undelivered, Pending, Parked int64
}

const poisonName = "poison"

// ReadHistory reads the history of a run.
func ReadHistory(ctx context.Context, client *redis.Client) (History, error) {
	h := History{Topics: map[string][]Entry{inputs: nil}, Added: map[string]int{}, Groups: map[string]Left{}}
	for _, s := range steps {
		h.Topics[s.to] = nil
	}
	for name := range h.Topics {
		err := scan(ctx, client, topic(name), func(e Entry, _ func(string) string) {
			h.Topics[name] = append(h.Topics[name], e)
		})
		if err != nil {
			return h, err
		}
		info, err := client.XInfoStream(ctx, topic(name)).Result()
		if err != nil {
			return h, fmt.Errorf("count what %s ever got: %w", topic(name), err)
		}
		h.Added[name] = int(info.EntriesAdded)
	}
	err := scan(ctx, client, topic(poisonName), func(e Entry, metadata func(string) string) {
		h.Poison = append(h.Poison, Poisoned{e, metadata(pipeline.PoisonHandler), metadata(pipeline.PoisonKind)})
	})
	if err != nil {
		return h, err
	}
	for _, s := range steps {
		if h.Groups[s.name], err = readLeft(ctx, client, s); err != nil {
			return h, err
		}
	}
	return h, nil
}

// scan reads all entries of a stream.
func scan(ctx context.Context, client *redis.Client, key string, each func(e Entry, metadata func(string) string)) error {
	const page = 1000
	for from := "-"; ; {
		entries, err := client.XRangeN(ctx, key, from, "+", page).Result()
		if err != nil {
			return fmt.Errorf("read %s: %w", key, err)
		}
		for _, entry := range entries {
			msg, err := (redisstream.DefaultMarshallerUnmarshaller{}).Unmarshal(entry.Values)
			if err != nil {
				return fmt.Errorf("entry %s of %s: %w", entry.ID, key, err)
			}
			each(Entry{ID: entry.ID, UUID: msg.UUID, Item: contentID(msg.Payload)}, msg.Metadata.Get)
		}
		if len(entries) < page {
			return nil
		}
		from = "(" + entries[len(entries)-1].ID
	}
}

// readLeft reads what the group of a step has left to do.
func readLeft(ctx context.Context, client *redis.Client, s step) (Left, error) {
	var left Left
	groups, err := client.XInfoGroups(ctx, topic(s.from)).Result()
	if err != nil {
		return left, fmt.Errorf("read the groups of %s: %w", topic(s.from), err)
	}
	delivered := "-"
	for _, g := range groups {
		if g.Name == s.name {
			delivered, left.Pending = "("+g.LastDeliveredID, g.Pending
		}
	}
	undelivered, err := client.XRange(ctx, topic(s.from), delivered, "+").Result()
	if err != nil {
		return left, fmt.Errorf("read what group %s was not delivered: %w", s.name, err)
	}
	left.Undelivered = int64(len(undelivered))
	left.Parked, err = client.ZCard(ctx, topic(s.from)+":parked:"+s.name).Result()
	return left, err
}
