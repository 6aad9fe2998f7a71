package chain

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// article is the loop that tutorials on Redis Streams show: read a few entries, and for
// each add the output and acknowledge the input, one call after the other. A worker
// that dies in between has its message done twice.
type article struct{}

func (article) Name() string { return Article }

// articleBatch is how many entries a tutorial reads at a time.
const articleBatch = 10

func (article) Run(ctx context.Context, c Chain) error {
	client := c.Connect()
	defer client.Close()
	ctx, all := newLoops(ctx)
	for i := 1; i <= c.Stages; i++ {
		if err := makeGroup(ctx, client, c, i); err != nil {
			all.failed(err)
			break
		}
		for lane := range c.Concurrency {
			l := articleLoop{client: client, from: c.Topic(i - 1), to: c.Topic(i), group: stageName(i), consumer: laneName(lane)}
			all.run(func() error { return l.run(ctx) })
		}
	}
	return all.join()
}

// articleLoop is one lane of a stage.
type articleLoop struct {
	client                    *redis.Client
	from, to, group, consumer string
}

func (l *articleLoop) run(ctx context.Context) error {
	// The calls themselves do not end with ctx: what was read is to be passed on.
	call := context.WithoutCancel(ctx)
	for ctx.Err() == nil {
		streams, err := l.client.XReadGroup(call, &redis.XReadGroupArgs{
			Group: l.group, Consumer: l.consumer, Streams: []string{l.from, ">"}, Count: articleBatch, Block: block,
		}).Result()
		if errors.Is(err, redis.Nil) {
			continue
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", l.from, err)
		}
		for _, entry := range streams[0].Messages {
			if err := l.passOn(call, entry); err != nil {
				return fmt.Errorf("pass on %s: %w", entry.ID, err)
			}
		}
	}
	return nil
}

func (l *articleLoop) passOn(ctx context.Context, entry redis.XMessage) error {
	if err := l.client.XAdd(ctx, &redis.XAddArgs{Stream: l.to, Values: entry.Values}).Err(); err != nil {
		return err
	}
	return l.client.XAck(ctx, l.from, l.group, entry.ID).Err()
}
