package streams_test

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/commit"
	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/streams"
)

func byUUID(_ string, msg *message.Message) string { return msg.UUID }

func TestAKeyIsPublishedOnceByWhomeverAndWhenever(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	config := streams.PublisherConfig{IdempotencyKey: byUUID}
	var publishing sync.WaitGroup
	for range 4 {
		publisher := newPublisher(t, client(t), config)
		publishing.Go(func() {
			for i := range 50 {
				msg := message.NewMessage(strconv.Itoa(i), nil)
				if err := publisher.Publish(topic, msg, msg); err != nil {
					t.Error(err)
				}
			}
		})
	}
	publishing.Wait()
	requireEachOnce(t, uuids(decoded(t, c, topic)), 50)
	// A topic is a world of its own.
	require.NoError(t, newPublisher(t, c, config).Publish(topic+"other", message.NewMessage("1", nil)))
	require.Len(t, decoded(t, c, topic+"other"), 1)
}

func TestMessagesWithAndWithoutAKeyKeepTheirOrder(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	publisher := newPublisher(t, c, streams.PublisherConfig{IdempotencyKey: func(_ string, msg *message.Message) string {
		return msg.Metadata.Get("key")
	}})
	var messages []*message.Message
	for i, key := range []string{"", "a", "a", "", "b", "", "b"} {
		msg := message.NewMessage(strconv.Itoa(i), nil)
		msg.Metadata.Set("key", key)
		messages = append(messages, msg)
	}
	require.NoError(t, publisher.Publish(topic, messages...))
	require.Equal(t, []string{"0", "1", "3", "4", "5"}, uuids(decoded(t, c, topic)))
}

func TestAKeyIsRememberedForItsTTL(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	msg := message.NewMessage("1", nil)
	short := newPublisher(t, c, streams.PublisherConfig{IdempotencyKey: byUUID, IdempotencyTTL: 50 * time.Millisecond})
	require.NoError(t, short.Publish(topic, msg))
	eventually(t, func() bool { return c.Exists(t.Context(), commit.PublishedKey(topic, "1")).Val() == 0 }, "the key stays")
	require.NoError(t, short.Publish(topic, msg))
	require.Len(t, decoded(t, c, topic), 2)

	for ttl, want := range map[time.Duration]time.Duration{
		0:               streams.DefaultIdempotencyTTL,
		streams.Forever: -1,
	} {
		id := ttl.String()
		publisher := newPublisher(t, c, streams.PublisherConfig{IdempotencyKey: byUUID, IdempotencyTTL: ttl})
		require.NoError(t, publisher.Publish(topic, message.NewMessage(id, nil)))
		require.InDelta(t, want, c.PTTL(t.Context(), commit.PublishedKey(topic, id)).Val(), float64(time.Minute))
	}
}

func TestALostReplyToAPublishWithAKeyDoublesNothing(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	link := redistest.Proxy(t, server.Addr())
	shaky := redis.NewClient(&redis.Options{Addr: link.Addr()})
	defer shaky.Close()
	publisher := newPublisher(t, shaky, streams.PublisherConfig{IdempotencyKey: byUUID})
	require.NoError(t, publisher.Publish(topic, message.NewMessage("0", nil)))
	link.LoseNextReply(contains("evalsha", topic))
	require.NoError(t, publisher.Publish(topic, message.NewMessage("1", nil), message.NewMessage("2", nil)))
	require.Equal(t, 1, link.Lost())
	require.Equal(t, []string{"0", "1", "2"}, uuids(decoded(t, c, topic)))
}

// What a handler publishes is staged and appears with its delivery: there, too, a
// key is published once, whoever was first and in whatever way.
func TestAKeyIsPublishedOnceAlsoWithADelivery(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	publish(t, c, topic, "1", "2", "3")
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{})
	publisher := newPublisher(t, c, streams.PublisherConfig{IdempotencyKey: byUUID, IdempotencyTTL: time.Hour})
	require.NoError(t, publisher.Publish(topic+"out", message.NewMessage("before", nil)))
	for range 3 {
		msg := receive(t, messages)
		require.NoError(t, publisher.Publish(topic+"out",
			out(msg, "before"), out(msg, "same"), out(msg, "same"), out(msg, "of "+msg.UUID)))
		require.NoError(t, publisher.Publish(topic+"other", out(msg, "same")))
		msg.Ack()
	}
	settled(t, c, topic)
	require.NoError(t, publisher.Publish(topic+"out", message.NewMessage("same", nil), message.NewMessage("after", nil)))
	require.Equal(t, []string{"before", "same", "of 1", "of 2", "of 3", "after"}, uuids(decoded(t, c, topic+"out")))
	require.Equal(t, []string{"same"}, uuids(decoded(t, c, topic+"other")))
	require.Greater(t, c.PTTL(t.Context(), commit.PublishedKey(topic+"out", "same")).Val(), 50*time.Minute)
}

// A delivery that cannot be committed publishes nothing, and so marks nothing.
func TestARefusedDeliveryLeavesNoKey(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	publish(t, c, topic, "1")
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{})
	publisher := newPublisher(t, c, streams.PublisherConfig{IdempotencyKey: byUUID})
	require.NoError(t, c.Set(t.Context(), topic+"bad", "no stream", 0).Err())
	msg := receive(t, messages)
	require.NoError(t, publisher.Publish(topic+"good", out(msg, "a")))
	require.NoError(t, publisher.Publish(topic+"bad", out(msg, "b")))
	msg.Ack()
	eventually(t, func() bool { return pendingOf(t, c, topic)["millstream:parked"] == 1 }, "not put aside")
	require.Zero(t, c.XLen(t.Context(), topic+"good").Val())
	require.Zero(t, c.Exists(t.Context(), commit.PublishedKey(topic+"good", "a"), commit.PublishedKey(topic+"bad", "b")).Val())
}
