package chain

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// wipeTimeout bounds how long keys may take to go: they are looked for among all keys of
// the server.
const wipeTimeout = time.Minute

func (e *ends) Close(ctx context.Context) error {
	if e.feeder != nil {
		defer e.feeder.Close()
	}
	topics := make([]string, e.chain.Stages+1)
	for i := range topics {
		topics[i] = e.chain.Topic(i)
	}
	return errors.Join(Wipe(ctx, e.client, "{"+e.chain.Name+"}", topics...), e.client.Close())
}

// Wipe deletes topics, and then all keys that begin with a hash tag: also after ctx has
// ended, for they are nobody's any more. It waits for it: memory that the server frees on
// the side would cost the next round.
func Wipe(ctx context.Context, client *redis.Client, tag string, topics ...string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), wipeTimeout)
	defer cancel()
	err := del(ctx, client, topics)
	if err == nil {
		err = wipeAll(ctx, client, tag)
	}
	if err != nil {
		return fmt.Errorf("keys that begin with %s stay behind, delete them: %w", tag, err)
	}
	return nil
}

func wipeAll(ctx context.Context, client *redis.Client, tag string) error {
	const page = 1000
	var keys []string
	scan := client.Scan(ctx, 0, tag+":*", page).Iterator()
	for scan.Next(ctx) {
		keys = append(keys, scan.Val())
	}
	if err := scan.Err(); err != nil {
		return err
	}
	return del(ctx, client, keys)
}

func del(ctx context.Context, client *redis.Client, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	return client.Del(ctx, keys...).Err()
}
