package chain

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/commit"
)

// article is the loop that tutorials on Redis Streams show: read a few entries, and for
// each add the output and acknowledge the input, one call after the other. A worker
// that dies in between has its message done twice.
type article struct{}

func (article) Name() string { return Article }

// articleBatch is how many entries a tutorial reads at a time.
const articleBatch = 10

func (article) Run(ctx context.Context, c Chain) error {
	return c.runLanes(ctx, func(ctx context.Context, all *loops, lane commit.Group, to string) {
		l := articleLoop{Group: lane, to: to}
		all.run(func() error { return l.run(ctx) })
	})
}

// articleLoop is one lane of a stage.
type articleLoop struct {
	commit.Group

	to string
}

func (l *articleLoop) run(ctx context.Context) error {
	// The calls themselves do not end with ctx: what was read is to be passed on.
	call := context.WithoutCancel(ctx)
	for ctx.Err() == nil {
		streams, err := l.Client.XReadGroup(call, &redis.XReadGroupArgs{
			Group: l.Group.Group, Consumer: l.Consumer, Streams: []string{l.Stream, ">"}, Count: articleBatch, Block: block,
		}).Result()
		if errors.Is(err, redis.Nil) {
			continue
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", l.Stream, err)
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
	if err := l.Client.XAdd(ctx, &redis.XAddArgs{Stream: l.to, Values: entry.Values}).Err(); err != nil {
		return err
	}
	return l.Client.XAck(ctx, l.Stream, l.Group.Group, entry.ID).Err()
}
