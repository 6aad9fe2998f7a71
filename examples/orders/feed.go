package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/orders/internal/intake"
	"github.com/millstream-go/millstream/streams"
	"github.com/millstream-go/millstream/tracing"
)

// feed publishes the orders to topic, and returns how many lines it read.
func feed(ctx context.Context, client redis.UniversalClient, in io.Reader, topic string) (int, error) {
	// Each line has an id that is the same whenever the file is read, and is
	// published once under it.
	once, err := streams.NewPublisher(client, streams.PublisherConfig{
		IdempotencyKey: func(_ string, msg *message.Message) string { return msg.UUID },
		IdempotencyTTL: streams.Forever,
	})
	if err != nil {
		return 0, err
	}
	defer once.Close()
	publisher, err := traced(ctx, client, once, topic)
	if err != nil {
		return 0, err
	}
	return intake.Feed(ctx, in, publisher, topic)
}

// traced has the trace of each order begin when it is published, if traces are exported.
func traced(ctx context.Context, client redis.UniversalClient, publisher message.Publisher, topic string) (message.Publisher, error) {
	if traces, metrics := tracing.Exporting(); !traces && !metrics {
		return publisher, nil
	}
	t, err := tracing.New(tracing.Config{})
	if err != nil {
		return nil, err
	}
	if publisher, err = t.Publisher(publisher); err != nil {
		return nil, err
	}
	// An order that an earlier run published has its trace. Of what another run publishes
	// at the same time this knows nothing: a publishing that is passed over in Redis is
	// then a trace of its own, of one span.
	published, err := idsOf(ctx, client, topic)
	return unpublished{publisher, published}, err
}

// unpublished passes on what was not published before it was made.
type unpublished struct {
	message.Publisher
	published map[string]struct{} // the ids
}

// Publish publishes those that are new.
func (u unpublished) Publish(topic string, messages ...*message.Message) error {
	messages = slices.DeleteFunc(slices.Clone(messages), func(msg *message.Message) bool {
		_, ok := u.published[msg.UUID]
		return ok
	})
	if len(messages) == 0 {
		return nil
	}
	return u.Publisher.Publish(topic, messages...)
}

// idsOf returns the ids of the messages in a topic.
func idsOf(ctx context.Context, client redis.UniversalClient, topic string) (map[string]struct{}, error) {
	const page = 500
	ids := make(map[string]struct{})
	for after := "0-0"; ; {
		entries, err := client.XRangeN(ctx, topic, "("+after, "+", page).Result()
		if err != nil {
			return nil, fmt.Errorf("read what is published: %w", err)
		}
		for _, entry := range entries {
			if id, ok := entry.Values[redisstream.UUIDHeaderKey].(string); ok {
				ids[id] = struct{}{}
			}
			after = entry.ID
		}
		if len(entries) < page {
			return ids, nil
		}
	}
}
