package chaos

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/streams"
)

// feedBatch is how many inputs are published at a time.
const feedBatch = 10

// feed publishes numbered inputs until stop is closed, and returns how many. Each
// batch is published until that succeeds, so all of them are there.
func feed(ctx context.Context, addr string, perSecond int, stop <-chan struct{}) (n, repeats int, err error) {
	client := redis.NewClient(&redis.Options{Addr: addr, ReadTimeout: 1500 * time.Millisecond})
	defer client.Close()
	publisher, err := streams.NewPublisher(client, streams.PublisherConfig{
		IdempotencyKey: func(_ string, msg *message.Message) string { return msg.UUID },
		IdempotencyTTL: streams.Forever,
	})
	if err != nil {
		return 0, 0, err
	}
	defer publisher.Close()
	ticker := time.NewTicker(time.Second * feedBatch / time.Duration(perSecond))
	defer ticker.Stop()
	for {
		failures, err := feedOnce(ctx, publisher, n)
		repeats += failures
		if err != nil {
			return n, repeats, err
		}
		n += feedBatch
		select {
		case <-ticker.C:
		case <-stop:
			return n, repeats, nil
		}
	}
}

// feedOnce publishes a batch that begins with the n-th input.
func feedOnce(ctx context.Context, publisher *streams.Publisher, n int) (failures int, err error) {
	batch := make([]*message.Message, feedBatch)
	for i := range batch {
		if batch[i], err = newInput(n + i); err != nil {
			return failures, err
		}
	}
	for {
		err := publisher.Publish(topic(inputs), batch...)
		if err == nil {
			return failures, nil
		}
		if ctx.Err() != nil {
			return failures, fmt.Errorf("inputs from %d on could not be published: %w", n, errors.Join(err, ctx.Err()))
		}
		failures++
		sleep(ctx, 20*time.Millisecond)
	}
}
