package streams_test

import (
	"context"
	"testing"

	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/streams"
)

func TestASubscriptionOutlivesTheLossOfItsGroup(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(context.Context, *redis.Client, string) error{
		"group destroyed": func(ctx context.Context, c *redis.Client, topic string) error {
			return c.XGroupDestroy(ctx, topic, "g").Err()
		},
		"stream deleted": func(ctx context.Context, c *redis.Client, topic string) error { return c.Del(ctx, topic).Err() },
		"all flushed":    func(ctx context.Context, c *redis.Client, _ string) error { return c.FlushAll(ctx).Err() },
	} {
		for mode, ordered := range map[string]bool{"": false, ", ordered": true} {
			t.Run(name+mode, func(t *testing.T) {
				t.Parallel()
				own := redistest.Start(t)
				topic, c := newTopic(t), own.Client(t)
				var said logs
				messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{Ordered: ordered, Logger: said.logger()})
				publish(t, c, topic, "before")
				receive(t, messages).Ack()
				settled(t, c, topic)

				require.NoError(t, lose(t.Context(), c, topic))
				publish(t, c, topic, "after")
				for receivedAfter := false; !receivedAfter; {
					// A group made again on the old stream begins at its start.
					msg := receive(t, messages)
					receivedAfter = msg.UUID == "after"
					msg.Ack()
				}
				eventually(t, func() bool { return said.count("the consumer group was gone and was made again") == 1 }, "it is not said")
				settled(t, c, topic)
				require.Equal(t, 1, said.count("the consumer group was gone"))
			})
		}
	}
}

// "From now on" is when the subscription began: what is published between the
// loss and its discovery must not fall through.
func TestALostGroupThatBeganWithNowMissesNothing(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t)
	topic, c := newTopic(t), own.Client(t)
	// Ids begin with the millisecond: an old one, that the new ones come after
	// even on a stream that was deleted and made again.
	old := &redis.XAddArgs{Stream: topic, ID: "1-1", Values: []any{redisstream.UUIDHeaderKey, "old"}}
	require.NoError(t, c.XAdd(t.Context(), old).Err())
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{Start: streams.FromNow})
	for _, id := range []string{"1", "2", "3"} {
		require.NoError(t, c.FlushAll(t.Context()).Err())
		publish(t, c, topic, id)
		msg := receive(t, messages)
		require.Equal(t, id, msg.UUID)
		msg.Ack()
		settled(t, c, topic)
	}
}
