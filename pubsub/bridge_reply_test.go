package pubsub_test

import (
	"bytes"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/pubsub"
)

// Redis adds a message to the stream, and its reply is lost: by go-redis or by the
// bridge it is added again, with the same id.
func TestAMessageWhoseReplyWasLostIsInTheFlowTwiceWithOneID(t *testing.T) {
	t.Parallel()
	for name, retries := range map[string]int{"go-redis repeats it": 3, "it is delivered again": -1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			live, stream := loseReply(t, retries, 1)
			require.Equal(t, map[string]int{"1": 2, "2": 1}, different(t, kept(t, client(t), stream)))
			require.EqualValues(t, 2, statsOf(t, live).Acked)
			require.Zero(t, statsOf(t, live).Lost)
		})
	}
}

// Who does not deliver it again cannot know that it is there.
func TestAMessageThatCountsAsLostMayBeInTheFlowAllTheSame(t *testing.T) {
	t.Parallel()
	live, stream := loseReply(t, -1, -1)
	require.Equal(t, once(1, 2), different(t, kept(t, client(t), stream)))
	require.Equal(t, pubsub.Lost{Rejected: 1}, statsOf(t, live).Lost)
}

// loseReply ingests two messages, of which the first is added without a reply.
func loseReply(t *testing.T, retries, redeliveries int) (live *pubsub.Transport, stream string) {
	t.Helper()
	c, channel, link := client(t), newTopic(), redistest.Proxy(t, server.Addr())
	shaky := redis.NewClient(&redis.Options{Addr: link.Addr(), MaxRetries: retries})
	t.Cleanup(func() { require.NoError(t, shaky.Close()) })
	p := newBridge()
	live = newLive(t, c, pubsub.Config{Subscriber: pubsub.SubscriberConfig{MaxRedeliveries: redeliveries}})
	from := newAnnouncing(live)
	stream = pipeline.Ingest[int](p, "numbers", from, channel).Topics()[0]
	run(t, p, newDurable(t, shaky))
	from.await(t)
	link.LoseNextReply(func(request []byte) bool {
		return bytes.Contains(bytes.ToLower(request), []byte("xadd")) && bytes.Contains(request, []byte(stream))
	})
	require.NoError(t, newPublisher(t, c, pubsub.PublisherConfig{Envelope: true}).Publish(channel, numbered(1, 2)...))
	eventually(t, func() bool {
		stats := statsOf(t, live)
		return stats.Received == 2 && stats.Held == 0
	}, "messages are under way")
	require.Equal(t, 1, link.Lost())
	return live, stream
}
