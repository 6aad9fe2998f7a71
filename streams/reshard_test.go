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

// While a slot moves, its keys are on two servers, and what needs several of them
// is refused for the time being.
func moveSlotOfPipeline(t *testing.T, cluster *redistest.Cluster) {
	const n = 500
	f, c := newFan(t), cluster.Client(t)
	f.publish(t, c, fanInputs(n)...)
	f.run(t, cluster.Client(t))
	f.run(t, cluster.Client(t))
	awaitLen(t, c, f.three.Topics()[0], n/5)
	moved := 0
	cluster.Reshard(t, f.topic(), cluster.Others(t, f.topic())[0], func(string) {
		moved++
		time.Sleep(50 * time.Millisecond) // in the thick of it
	})
	require.GreaterOrEqual(t, moved, 5)
	f.awaitIdle(t, c)
	f.requireOnce(t, c, n)
}

// The stream goes from under a read that is blocked on it.
func moveSlotOfSubscription(t *testing.T, cluster *redistest.Cluster) {
	topic, c := newTopic(t), cluster.Client(t)
	relayAs(t, cluster.Client(t), topic, 0, streams.SubscriberConfig{Concurrency: 4})
	publish(t, c, topic, "0")
	awaitLen(t, c, topic+":out", 1)
	published := 1
	for range 2 { // there and back
		cluster.Reshard(t, topic, cluster.Others(t, topic)[0], func(string) {
			time.Sleep(50 * time.Millisecond)
			publish(t, c, topic, strconv.Itoa(published))
			published++
		})
		publish(t, c, topic, strconv.Itoa(published))
		published++
		awaitLen(t, c, topic+":out", published)
	}
	settled(t, c, topic)
	requireEachOnce(t, uuids(decoded(t, c, topic)), published)
	requireEachOnce(t, uuids(decoded(t, c, topic+":out")), published)
}

// A handler is at work from before the move until after it.
func moveSlotUnseen(t *testing.T, cluster *redistest.Cluster) {
	topic, c := newTopic(t), cluster.Client(t)
	publish(t, c, topic, "1")
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{})
	msg := receive(t, messages)
	publisher := newPublisher(t, c, streams.PublisherConfig{IdempotencyKey: byUUID})
	require.NoError(t, publisher.Publish(topic+":out", out(msg, "1")))
	cluster.Reshard(t, topic, cluster.Others(t, topic)[0], func(string) {})
	msg.Ack()
	settled(t, c, topic)
	require.Equal(t, []string{"1"}, uuids(decoded(t, c, topic+":out")))
	for range 2 {
		require.NoError(t, publisher.Publish(topic, message.NewMessage("2", nil)))
	}
	next := receive(t, messages)
	require.Equal(t, "2", next.UUID)
	next.Ack()
	settled(t, c, topic)
}

func moveSlotOfOrderedSubscription(t *testing.T, cluster *redistest.Cluster) {
	const n = 200
	topic, c := newTopic(t), cluster.Client(t)
	preload(t, c, topic, n)
	for range 2 {
		relayInOrder(t, cluster.Client(t), topic, time.Millisecond)
	}
	awaitLen(t, c, topic+":out", n/10)
	cluster.Reshard(t, topic, cluster.Others(t, topic)[0], func(string) { time.Sleep(50 * time.Millisecond) })
	awaitLen(t, c, topic+":out", n)
	settled(t, c, topic)
	requireOrder(t, uuids(decoded(t, c, topic+":out")), n)
}
