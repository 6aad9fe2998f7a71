package chain

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// pubSubRaw is Pub/Sub as one would write it by hand: a stage is one goroutine that
// publishes what has come, all of that in one round trip. Concurrency means nothing to
// it, for nothing is done to a message that could take time.
type pubSubRaw struct{ keepsNothing }

func (pubSubRaw) Name() string { return PubSubRaw }

const (
	// rawBuffer is how many messages may wait in a stage; the feeder bounds their bytes.
	rawBuffer = 1000
	// rawBatch and rawBytes are how many messages, and about how many bytes of them, are
	// published in one round trip at most: more gain nothing, and the next stage waits.
	rawBatch, rawBytes = 500, 256 << 10
	// rawSendTimeout is how long go-redis holds up Redis when a buffer is full, before it
	// drops a message.
	rawSendTimeout = 10 * time.Minute
)

func (pubSubRaw) Run(ctx context.Context, c Chain) error {
	client := c.Connect()
	defer client.Close()
	ctx, all := newLoops(ctx)
	for i := 1; i <= c.Stages; i++ {
		all.run(func() error { return passOnRaw(ctx, client, c.Topic(i-1), c.Topic(i)) })
	}
	return all.join()
}

// passOnRaw is a stage.
func passOnRaw(ctx context.Context, client *redis.Client, from, to string) error {
	subscription := client.Subscribe(ctx, from)
	messages := subscription.Channel(redis.WithChannelSize(rawBuffer), redis.WithChannelSendTimeout(rawSendTimeout))
	defer func() {
		_ = subscription.Close()
		for range messages { // else go-redis goes on waiting for room
		}
	}()
	// The calls themselves do not end with ctx: what has come is to be passed on.
	call := context.WithoutCancel(ctx)
	for {
		select {
		case <-ctx.Done():
			return nil
		case first, ok := <-messages:
			if !ok {
				return fmt.Errorf("the subscription for %s has ended", to)
			}
			if err := publishRaw(call, client, to, first, messages); err != nil {
				return fmt.Errorf("publish to %s: %w", to, err)
			}
		}
	}
}

// publishRaw publishes the first message and those that have come by now behind it.
func publishRaw(
	ctx context.Context, client *redis.Client, to string, first *redis.Message, more <-chan *redis.Message,
) error {
	_, err := client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		pipe.Publish(ctx, to, first.Payload)
		for n, size := 1, len(first.Payload); n < rawBatch && size < rawBytes; n++ {
			select {
			case next, ok := <-more:
				if !ok {
					return nil
				}
				pipe.Publish(ctx, to, next.Payload)
				size += len(next.Payload)
			default:
				return nil
			}
		}
		return nil
	})
	return err
}
