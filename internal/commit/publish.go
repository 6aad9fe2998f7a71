package commit

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

//go:embed publish.lua
var publishSource string

var publishScript = redis.NewScript(publishSource)

// Message is one entry to add, with the key under which it is added only once.
type Message struct {
	Key    string
	Values []any
	// Size is about how many bytes the values are.
	Size int
}

// PublishOnce adds messages to a stream, passing over those whose key was
// published within ttl; a ttl of zero never ends.
func PublishOnce(ctx context.Context, client redis.UniversalClient, stream string, ttl time.Duration, messages []Message) error {
	keys := make([]string, 1, 1+len(messages))
	keys[0] = stream
	args := make([]any, 1, 1+7*len(messages))
	args[0] = ttl.Milliseconds()
	for _, m := range messages {
		keys = append(keys, PublishedKey(stream, m.Key))
		args = append(args, len(m.Values))
		args = append(args, m.Values...)
	}
	if err := publishScript.Run(ctx, client, keys, args...).Err(); err != nil {
		return fmt.Errorf("publish %d messages to %s: %w", len(messages), stream, err)
	}
	return nil
}
