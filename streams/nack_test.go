package streams_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/streams"
)

func TestARejectedMessageComesAgainAndThoseBehindPass(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	publish(t, c, topic, "bad", "good")
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{NackDelay: 100 * time.Millisecond})
	bad := receive(t, messages)
	require.Equal(t, "bad", bad.UUID)
	require.NoError(t, newPublisher(t, c, streams.PublisherConfig{}).Publish(topic+"out", out(bad, "never")))
	rejected := time.Now()
	bad.Nack()

	good := receive(t, messages)
	require.Equal(t, "good", good.UUID, "a rejected message holds up those behind it")
	good.Ack()

	// The delay doubles and varies by up to a half: at least 50, 100 and 200 ms.
	for again := 2; again <= 4; again++ {
		bad = receive(t, messages)
		require.Equal(t, "bad", bad.UUID)
		require.Equal(t, again, attempt(bad))
		least := 50 * time.Millisecond << (again - 2)
		require.GreaterOrEqual(t, time.Since(rejected), least-10*time.Millisecond)
		if again < 4 {
			rejected = time.Now()
			bad.Nack()
		}
	}
	bad.Ack()
	settled(t, c, topic)
	require.Zero(t, c.Exists(t.Context(), topic+"out").Val(), "a rejected run published something")
}

func TestAMessageCanBePutAside(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	publish(t, c, topic, "1")
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{})
	msg := receive(t, messages)
	h := handoff.FromContext(msg.Context())
	require.NoError(t, newPublisher(t, c, streams.PublisherConfig{}).Publish(topic+"out", out(msg, "dropped")))
	require.NoError(t, h.PutAside(handoff.Aside{For: 300 * time.Millisecond}))
	parked := time.Now()
	msg.Ack()
	again := receive(t, messages)
	require.GreaterOrEqual(t, time.Since(parked), 300*time.Millisecond-5*time.Millisecond)
	require.Equal(t, 2, attempt(again))
	again.Ack()
	settled(t, c, topic)
	require.Zero(t, c.Exists(t.Context(), topic+"out").Val(), "parking drops what was staged")
}

// What one process parked is the group's: it does not depend on that process.
func TestAParkedMessageOutlivesItsSubscriber(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	publish(t, c, topic, "1")
	messages, s := subscribe(t, c, topic, streams.SubscriberConfig{NackDelay: 400 * time.Millisecond})
	receive(t, messages).Nack()
	eventually(t, func() bool { return pendingOf(t, c, topic)["millstream:parked"] == 1 }, "not parked")
	require.NoError(t, s.Close())
	others, _ := subscribe(t, client(t), topic, streams.SubscriberConfig{})
	msg := receive(t, others)
	require.Equal(t, 2, attempt(msg))
	msg.Ack()
	settled(t, c, topic)
}

func TestAMessagePutAsideForNoTimeDoesNotRunHot(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	publish(t, c, topic, "1")
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{NackDelay: 200 * time.Millisecond})
	began := time.Now()
	for range 4 {
		msg := receive(t, messages)
		require.NoError(t, handoff.FromContext(msg.Context()).PutAside(handoff.Aside{For: 0}))
		msg.Ack()
	}
	receive(t, messages).Ack()
	// 200, 400, 800 and 1600 ms, by up to a half less.
	require.GreaterOrEqual(t, time.Since(began), 1400*time.Millisecond)
	settled(t, c, topic)
}
