package chain

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
)

// The fields of an entry, as watermill-redisstream writes them.
const (
	fieldID       = "_watermill_message_uuid"
	fieldMetadata = "metadata"
	fieldPayload  = "payload"
)

// streamEnds are the ends of a chain on Redis Streams.
type streamEnds struct {
	ends

	metadata func(i int) string
	fed      atomic.Int64
}

func (e *streamEnds) Ready(ctx context.Context) error {
	for i := range e.chain.Stages {
		if err := poll(ctx, readyPoll, func() (bool, error) { return e.hasGroup(ctx, e.chain.Topic(i)) }); err != nil {
			return fmt.Errorf("wait for the groups of the stages: %w", err)
		}
	}
	return nil
}

func (e *streamEnds) hasGroup(ctx context.Context, topic string) (bool, error) {
	// To ask for the groups of a stream that is not there is an error.
	if n, err := e.client.Exists(ctx, topic).Result(); n == 0 || err != nil {
		return false, err
	}
	groups, err := e.client.XInfoGroups(ctx, topic).Result()
	return len(groups) > 0, err
}

func (e *streamEnds) Feed(ctx context.Context, payloads ...string) error {
	return e.add(ctx, e.chain.Topic(0), payloads...)
}

func (e *streamEnds) say(ctx context.Context, payload string) error {
	return e.add(ctx, e.chain.Topic(e.chain.Stages), payload)
}

func (e *streamEnds) add(ctx context.Context, topic string, payloads ...string) error {
	first := int(e.fed.Add(int64(len(payloads)))) - len(payloads)
	err := e.feed(ctx, func(to redis.Cmdable) error {
		_, err := to.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			for i, p := range payloads {
				pipe.XAdd(ctx, &redis.XAddArgs{Stream: topic, Values: []string{
					fieldID, uuid.NewString(), fieldMetadata, e.metadata(first + i), fieldPayload, p,
				}})
			}
			return nil
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("add %d messages: %w", len(payloads), err)
	}
	return nil
}

func (e *streamEnds) Tail(ctx context.Context) (Tail, error) {
	topic, last := e.chain.Topic(e.chain.Stages), "0"
	return func(each func(string, time.Time)) error {
		for ctx.Err() == nil {
			streams, err := e.client.XRead(ctx, &redis.XReadArgs{
				Streams: []string{topic, last}, Count: tailBatch, Block: block,
			}).Result()
			switch {
			case ctx.Err() != nil:
				return nil
			case errors.Is(err, redis.Nil):
				continue
			case err != nil && e.chain.Lossy:
				rest(ctx)
				continue
			case err != nil:
				return fmt.Errorf("read what comes out: %w", err)
			}
			at := time.Now()
			for _, entry := range streams[0].Messages {
				p, _ := entry.Values[fieldPayload].(string)
				each(p, at)
				last = entry.ID
			}
		}
		return nil
	}, nil
}

// out returns how many messages have come out of the last stage.
func (e *streamEnds) out(ctx context.Context) (int, error) {
	n, err := e.client.XLen(ctx, e.chain.Topic(e.chain.Stages)).Result()
	return int(n), err
}
