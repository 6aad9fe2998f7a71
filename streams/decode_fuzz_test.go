package streams_test

import (
	"strconv"
	"testing"

	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/streams"
)

// Whatever somebody adds to a stream, it is delivered or goes to the poison
// topic, and the subscription goes on.
func FuzzEntries(f *testing.F) {
	f.Add("_watermill_message_uuid", "1", "payload", "p", "metadata", "")
	f.Add("_watermill_message_uuid", "1", "metadata", "\x81\xa1a\xa1b", "payload", "\x00\xff")
	f.Add("_watermill_message_uuid", "1", "metadata", "\xdf\xff\xff\xff\xff", "", "")
	f.Add("_watermill_message_uuid", "", "metadata", "\x80", "payload", "")
	f.Add("a", "b", "c", "d", "e", "f")
	f.Add("", "", "raw:", "", "payload", "x")
	f.Add("metadata", "\xc0", "_watermill_message_uuid", "1", "metadata", "\xc1")
	c := redis.NewClient(&redis.Options{Addr: server.Addr()})
	f.Cleanup(func() { _ = c.Close() })
	topic := newTopic(f)
	messages, _ := subscribe(f, c, topic, streams.SubscriberConfig{})
	poison := topic + ":poison"
	runs := 0
	f.Fuzz(func(t *testing.T, n1, v1, n2, v2, n3, v3 string) {
		before := c.XLen(t.Context(), poison).Val()
		require.NoError(t, c.XAdd(t.Context(), &redis.XAddArgs{Stream: topic, Values: []any{n1, v1, n2, v2, n3, v3}}).Err())
		runs++
		behind := "behind " + strconv.Itoa(runs)
		publish(t, c, topic, behind)
		delivered := 0
		for {
			msg := receive(t, messages)
			msg.Ack()
			if msg.UUID == behind {
				break
			}
			delivered++
		}
		settled(t, c, topic)
		entries, err := c.XRevRangeN(t.Context(), poison, "+", "-", 1).Result()
		require.NoError(t, err)
		poisoned := int(c.XLen(t.Context(), poison).Val() - before)
		require.Equal(t, 1, delivered+poisoned)
		if poisoned == 1 {
			_, err := redisstream.DefaultMarshallerUnmarshaller{}.Unmarshal(entries[0].Values)
			require.NoError(t, err)
		}
	})
}
