package pubsub_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/pubsub"
)

func TestConcurrentBridgesLoseAndDoubleNothing(t *testing.T) {
	t.Parallel()
	const n, lanes = 2000, 8
	c, p, channel := client(t), newBridge(), newTopic()
	live := newLive(t, c, pubsub.Config{
		Publisher:  pubsub.PublisherConfig{Envelope: true},
		Subscriber: pubsub.SubscriberConfig{Overflow: pubsub.Block, Buffer: 50},
	})
	from := newAnnouncing(live)
	events := pipeline.Ingest[int](p, "numbers", from, channel, pipeline.Concurrency(lanes))
	pipeline.Broadcast(events, "tell", live, func(int) string { return told(p.Name()) }, pipeline.Concurrency(lanes))
	heard := hear(t, c, told(p.Name()))
	stop := run(t, p, newDurable(t, c))
	from.await(t)

	published := numbered(1, n)
	require.NoError(t, newPublisher(t, c, pubsub.PublisherConfig{Envelope: true}).Publish(channel, published...))
	heard.await(t, n)
	idle(t, p, newDurable(t, c))
	stop()
	require.Equal(t, once(1, n), heard.settled(t))
	require.Equal(t, once(1, n), different(t, kept(t, c, events.Topics()[0])))
	require.Equal(t, pubsub.Stats{Topic: channel, Received: n, Acked: n}, statsOf(t, live))
	origins := map[string]string{}
	for _, msg := range published {
		origins[string(msg.Payload)] = msg.UUID
	}
	for _, msg := range heard.all() {
		require.Equal(t, origins[string(msg.Payload)], msg.Metadata[keyOrigin], "metadata of another message")
	}
}
