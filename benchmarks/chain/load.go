package chain

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
)

// The fields of an entry, as watermill-redisstream writes them.
const (
	fieldID       = "_watermill_message_uuid"
	fieldMetadata = "metadata"
	fieldPayload  = "payload"
)

// pageSize is how many entries are written or looked at in one go.
const pageSize = 1000

// digits is how long the number is that a payload begins with.
const digits = 10

// MinSize is the least size of a payload: a number and its quotes.
const MinSize = digits + 2

// payload returns the i-th payload, a JSON string of the given size that begins
// with a number: a contender may give a message a new id, its number stays.
func payload(i, size int) string {
	return fmt.Sprintf(`"%0*d%s"`, digits, i, strings.Repeat("x", size-MinSize))
}

// number returns which payload p is.
func number(p string) (int, bool) {
	if len(p) < MinSize {
		return 0, false
	}
	i, err := strconv.Atoi(p[1 : 1+digits])
	return i, err == nil && i >= 0
}

// publisher is a contender whose messages come with metadata, as its own publisher would
// write them.
type publisher interface {
	// metadata returns that of the i-th message, as watermill-redisstream packs it.
	metadata(i int) string
}

// preload adds messages to the topic that the first stage of a contender reads.
func preload(ctx context.Context, client *redis.Client, c Chain, contender Contender, messages, size int) error {
	metadata := func(int) string { return "" }
	if p, ok := contender.(publisher); ok {
		metadata = p.metadata
	}
	for first := 0; first < messages; first += pageSize {
		_, err := client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			for i := first; i < min(first+pageSize, messages); i++ {
				pipe.XAdd(ctx, &redis.XAddArgs{Stream: c.Topic(0), Values: []string{
					fieldID, uuid.NewString(), fieldMetadata, metadata(i), fieldPayload, payload(i, size),
				}})
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("preload %d messages: %w", messages, err)
		}
	}
	return nil
}

// wipe deletes all keys of the chain. It waits for it: memory that the server
// frees on the side would cost the next round.
func wipe(ctx context.Context, client *redis.Client, c Chain) error {
	var keys []string
	scan := client.Scan(ctx, 0, "{"+c.Name+"}:*", pageSize).Iterator()
	for scan.Next(ctx) {
		keys = append(keys, scan.Val())
	}
	if err := scan.Err(); err != nil {
		return fmt.Errorf("look for the keys of a round: %w", err)
	}
	if len(keys) == 0 {
		return nil
	}
	if err := client.Del(ctx, keys...).Err(); err != nil {
		return fmt.Errorf("delete the keys of a round: %w", err)
	}
	return nil
}
