package suites

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// The fields of an entry, as watermill-redisstream writes them. Those who write by hand
// do so, too, so that all send as many bytes.
const (
	idField       = "_watermill_message_uuid"
	metadataField = "metadata"
	payloadField  = "payload"
)

func entryOf(topic string, m outgoing) *redis.XAddArgs {
	return &redis.XAddArgs{Stream: topic, Values: []any{idField, m.id, metadataField, "", payloadField, m.payload}}
}

// ceilingSender sends as a careful program without a framework: the messages of a call
// in one pipeline, and those of concurrent callers together.
func ceilingSender() sender {
	return sender{name: Ceiling, open: func(s *site, callers, batch int) (send, error) {
		switch {
		case batch > 1:
			return pipedEntries(s.connect()), nil
		case callers > 1:
			return sendTogether(s), nil
		default:
			return sendSingly(s.connect()), nil
		}
	}}
}

// articleSender adds one message after the other.
func articleSender() sender {
	return sender{name: Article, open: func(s *site, _, _ int) (send, error) { return sendSingly(s.connect()), nil }}
}

// channelSender publishes to a channel: one message by itself, more in one pipeline.
func channelSender() sender {
	return sender{name: PubSubRaw, channel: true, open: func(s *site, _, batch int) (send, error) {
		client := s.connect()
		if batch > 1 {
			return sendPiped(client, func(ctx context.Context, pipe redis.Pipeliner, topic string, m outgoing) {
				pipe.Publish(ctx, topic, m.payload)
			}), nil
		}
		return func(ctx context.Context, topic string, messages []outgoing) error {
			for _, m := range messages {
				if err := client.Publish(ctx, topic, m.payload).Err(); err != nil {
					return err
				}
			}
			return nil
		}, nil
	}}
}

func sendSingly(client *redis.Client) send {
	return func(ctx context.Context, topic string, messages []outgoing) error {
		for _, m := range messages {
			if err := client.XAdd(ctx, entryOf(topic, m)).Err(); err != nil {
				return err
			}
		}
		return nil
	}
}

// pipedEntries adds all messages of a call in one pipeline.
func pipedEntries(client *redis.Client) send {
	return sendPiped(client, func(ctx context.Context, pipe redis.Pipeliner, topic string, m outgoing) {
		pipe.XAdd(ctx, entryOf(topic, m))
	})
}

// sendPiped sends all messages of a call in one pipeline.
func sendPiped(client *redis.Client, add func(context.Context, redis.Pipeliner, string, outgoing)) send {
	return func(ctx context.Context, topic string, messages []outgoing) error {
		pipe := client.Pipeline()
		for _, m := range messages {
			add(ctx, pipe, topic, m)
		}
		_, err := pipe.Exec(ctx)
		return err
	}
}
