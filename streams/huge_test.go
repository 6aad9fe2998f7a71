package streams_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/streams"
)

// A payload of 64 MiB is published, passed on and poisoned like any other, and no
// more of them are read ahead than are handled.
func TestHugePayloadsPassAndAreNotPiledUp(t *testing.T) {
	const huge, n = 64 << 20, 3
	own := redistest.Start(t)
	topic, c := newTopic(t), own.Client(t)
	payload := bytes.Repeat([]byte("0123456789abcdef"), huge/16)
	p := newPublisher(t, c, streams.PublisherConfig{})
	for range n {
		require.NoError(t, p.Publish(topic, message.NewMessage("huge", payload)))
	}
	malformed := &redis.XAddArgs{Stream: topic, Values: []any{"payload", payload}}
	require.NoError(t, c.XAdd(t.Context(), malformed).Err())
	publish(t, c, topic, "behind")

	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{})
	for i := range n {
		msg := receive(t, messages)
		require.True(t, bytes.Equal(payload, msg.Payload))
		held := int64(0)
		for _, pending := range pendingOf(t, c, topic) {
			held += pending
		}
		require.LessOrEqual(t, held, int64(3), "in the handler, read ahead and being read")
		require.NoError(t, p.Publish(topic+"out", message.NewMessageWithContext(msg.Context(), "huge", msg.Payload)))
		msg.Ack()
		eventually(t, func() bool { return c.XLen(t.Context(), topic+"out").Val() == int64(i+1) }, "not committed")
	}
	behind := receive(t, messages)
	require.Equal(t, "behind", behind.UUID)
	behind.Ack()
	settled(t, c, topic)
	require.EqualValues(t, n, c.XLen(t.Context(), topic+"out").Val())
	last, err := c.XRevRangeN(t.Context(), topic+"out", "+", "-", 1).Result()
	require.NoError(t, err)
	require.Len(t, last[0].Values["payload"], huge)
	poison, err := c.XRange(t.Context(), topic+":poison", "-", "+").Result()
	require.NoError(t, err)
	require.Len(t, poison, 1)
	require.Len(t, poison[0].Values[handoff.RawFieldPrefix+"payload"], huge)
}

// Entries of foreign producers, beside those that [FuzzEntries] makes up.
func TestEntriesOfForeignProducersStopNothing(t *testing.T) {
	t.Parallel()
	const uuid = redisstream.UUIDHeaderKey
	topic, c := newTopic(t), client(t)
	added := 0
	for _, fields := range [][]any{
		{uuid, ""},                                                 // an id that is empty
		{uuid, "1", uuid, "2", "payload", "p"},                     // a field twice
		{uuid, "1", "payload", "", "extra", "x"},                   // more fields than ours
		{uuid, "1", "metadata", "\x80"},                            // an empty map
		{uuid, "1", "metadata", "\xc0"},                            // nil
		{uuid, "1", "metadata", "\x93\x01\x02\x03"},                // a list
		{uuid, "1", "metadata", "\x81\x01\x02"},                    // numbers
		{uuid, "1", "metadata", "\xdf\xff\xff\xff\xff"},            // four billion entries
		{uuid, "1", "metadata", strings.Repeat("\x81\xa1a", 5000)}, // nested very deep
		{uuid, strings.Repeat("u", 1<<20), "payload", "p"},         // an id of a megabyte
		{"payload", `{"json": true}`},                              // no id
		{"", ""},
	} {
		require.NoError(t, c.XAdd(t.Context(), &redis.XAddArgs{Stream: topic, Values: fields}).Err())
		added++
	}
	publish(t, c, topic, "behind")
	messages, s := subscribe(t, c, topic, streams.SubscriberConfig{})
	delivered := 0
	for msg := receive(t, messages); msg.UUID != "behind"; msg = receive(t, messages) {
		delivered++
		msg.Ack()
	}
	require.EqualValues(t, added, uint64(delivered)+s.Stats()[0].Malformed)
	require.NotZero(t, delivered)
	require.NotZero(t, s.Stats()[0].Malformed)
	eventually(t, func() bool { return c.XLen(t.Context(), topic+":poison").Val() == int64(added-delivered) }, "not poisoned")
}
