package suites

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

//go:embed backlog.lua
var backlogSource string

var backlogScript = redis.NewScript(backlogSource)

// backlogFill is how many entries a call of the script adds: it keeps the server to itself
// for some milliseconds.
const backlogFill = 1000

// fillOnServer adds numbered messages to an empty stream. Redis makes them up by itself:
// sending 10 million would take minutes.
func fillOnServer(ctx context.Context, client *redis.Client, topic string, messages, size int) error {
	id, rest := outgoingID(0), payload(0, time.Time{}, size)[numberEnd:]
	prefix := id[:len(id)-idDigits]
	var length int
	for first := 0; first < messages; first += backlogFill {
		var err error
		n := min(backlogFill, messages-first)
		if length, err = backlogScript.Run(ctx, client, []string{topic}, first, n, prefix, rest).Int(); err != nil {
			return fmt.Errorf("fill the backlog: %w", err)
		}
	}
	if length != messages {
		return fmt.Errorf("fill the backlog: there are %d entries, not %d", length, messages)
	}
	return nil
}

// newest returns the id of the last entry of a stream.
func newest(ctx context.Context, client *redis.Client, topic string) (string, error) {
	entries, err := client.XRevRangeN(ctx, topic, "+", "-", 1).Result()
	if err != nil {
		return "", fmt.Errorf("look at the end of the backlog: %w", err)
	}
	if len(entries) == 0 {
		return "", errors.New("look at the end of the backlog: it is empty")
	}
	return entries[0].ID, nil
}
