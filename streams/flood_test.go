package streams_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/streams"
)

// Redis is full: trimming is what frees it. trim.lua's HSET comes before any write
// of the script, so Redis refuses it.
func TestAFullRedisIsTrimmed(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t, redistest.Args("--maxmemory-policy", "noeviction"))
	topic, c := newTopic(t), own.Client(t)
	var said logs
	preload(t, c, topic, 1000)
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{Trim: &streams.Trim{}, Logger: said.logger()})
	require.NoError(t, c.ConfigSet(t.Context(), "maxmemory", "1").Err())
	for range 999 {
		receive(t, messages).Ack()
	}
	receive(t, messages) // in hand: the group needs it
	eventually(t, func() bool { return c.XLen(t.Context(), topic).Val() < 500 }, "nothing is trimmed: %s", said.text.String())
}

// Redis is full, and a worker takes over what a dead one held. begin.lua's HINCRBY
// comes before any write of the script, so Redis refuses it, and the lane waits for
// memory that nobody frees.
func TestAbandonedMessagesAreHandledOnAFullRedis(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t, redistest.Args("--maxmemory-policy", "noeviction"))
	topic, c := newTopic(t), own.Client(t)
	publish(t, c, topic, "1", "2")
	die(t, c, topic, 1)
	require.NoError(t, c.ConfigSet(t.Context(), "maxmemory", "1").Err())
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{IdleTime: shortIdle})
	receive(t, messages).Ack()
	receive(t, messages).Ack()
	settled(t, c, topic)
}

// Every message of a stage whose output topic is not a stream is put aside, with a
// line of log each, again and again.
func TestAnOutputTopicThatIsNoStreamFloodsNoLog(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	require.NoError(t, c.Set(t.Context(), topic+"out", "no stream", 0).Err())
	preload(t, c, topic, 300)
	var said logs
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{Logger: said.logger()})
	p := newPublisher(t, c, streams.PublisherConfig{})
	for range 300 {
		msg := receive(t, messages)
		require.NoError(t, p.Publish(topic+"out", out(msg, msg.UUID)))
		msg.Ack()
	}
	eventually(t, func() bool { return c.ZCard(t.Context(), topic+":parked:g").Val() == 300 }, "not parked")
	require.Contains(t, said.text.String(), topic+"out is a string and should be a stream")
	require.LessOrEqual(t, said.count("\n"), 20)
}

// A parking set that is no sorted set aborts the script in the middle of a batch.
// What was committed before that is committed, and must not be logged as fenced off.
func TestABatchThatIsCutShortReportsNoFence(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	var said logs
	const n = 20
	preload(t, c, topic, n)
	messages, s := subscribe(t, c, topic, streams.SubscriberConfig{Concurrency: n, Logger: said.logger()})
	held := make([]*message.Message, n)
	for i := range held {
		held[i] = receive(t, messages)
	}
	require.NoError(t, c.Set(t.Context(), topic+":parked:g", "no set", 0).Err())
	for i, msg := range held {
		if i == n-1 {
			msg.Nack()
		} else {
			msg.Ack()
		}
	}
	eventually(t, func() bool {
		return pendingOf(t, c, topic)["millstream:parked"] == 1 && len(pendingOf(t, c, topic)) == 1
	}, "not settled")
	time.Sleep(200 * time.Millisecond)
	require.Zero(t, s.Stats()[0].Fenced, said.text.String())
	require.EqualValues(t, n-1, s.Stats()[0].Committed)
}

// All of a batch's messages are dropped with one line each.
func TestALostGroupUnderManyMessagesFloodsNoLog(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t)
	topic, c := newTopic(t), own.Client(t)
	const n = 200
	preload(t, c, topic, n)
	var said logs
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{Concurrency: n, Logger: said.logger()})
	held := make([]*message.Message, n)
	for i := range held {
		held[i] = receive(t, messages)
	}
	require.NoError(t, c.FlushAll(t.Context()).Err())
	for _, msg := range held {
		msg.Ack()
	}
	publish(t, c, topic, strconv.Itoa(n))
	receive(t, messages).Ack()
	settled(t, c, topic)
	require.LessOrEqual(t, said.count("\n"), n/5)
}
