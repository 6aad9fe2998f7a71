package suites

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/benchmarks/bench"
)

// readBack looks for each message in a stream. It is known by the number in its payload,
// and two must not have one id.
func readBack(ctx context.Context, client *redis.Client, topic string, messages, size int) (bench.Account, error) {
	tally, ids := bench.NewTally(messages), map[string]bool{}
	err := eachEntry(ctx, client, topic, "-", page(size), func(entries []redis.XMessage) error {
		tallyEntries(tally, ids, entries, 0, size)
		return nil
	})
	return tally.Account(), err
}

// eachEntry calls visit with the entries of a stream from an id on, a page at a time.
func eachEntry(
	ctx context.Context, client *redis.Client, topic, from string, page int, visit func([]redis.XMessage) error,
) error {
	for {
		entries, err := client.XRangeN(ctx, topic, from, "+", int64(page)).Result()
		if err != nil {
			return fmt.Errorf("read what was sent: %w", err)
		}
		if len(entries) == 0 {
			return nil
		}
		if err := visit(entries); err != nil {
			return err
		}
		from = "(" + entries[len(entries)-1].ID
	}
}

// tallyEntries counts entries, whose numbers begin with first, and adds their message ids
// to those that were there.
func tallyEntries(tally *bench.Tally, ids map[string]bool, entries []redis.XMessage, first, size int) {
	for _, entry := range entries {
		text, _ := entry.Values[payloadField].(string)
		id, _ := entry.Values[idField].(string)
		i, _, ok := parse([]byte(text))
		if !ok || !bytes.Equal([]byte(text), payload(i, time.Time{}, size)) || id == "" || ids[id] {
			tally.Spoilt()
			continue
		}
		ids[id] = true
		tally.Came(i - first)
	}
}
