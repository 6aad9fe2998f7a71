package streams_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/streams"
)

// A Redis that may not evict and has no memory left refuses new messages. What is
// under way must still get through, or the memory would never be free again.
func TestWithoutMemoryPublishingFailsAndCommitsGoThrough(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t, redistest.Args("--maxmemory-policy", "noeviction"))
	topic, c := newTopic(t), own.Client(t)
	publish(t, c, topic, "1", "2", "3")
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{Concurrency: 3, NackDelay: 50 * time.Millisecond})
	first, second, third := receive(t, messages), receive(t, messages), receive(t, messages)

	require.NoError(t, c.ConfigSet(t.Context(), "maxmemory", "1").Err())
	for name, config := range map[string]streams.PublisherConfig{
		"plain":      {},
		"idempotent": {IdempotencyKey: byUUID},
	} {
		err := newPublisher(t, c, config).Publish(topic+"out", message.NewMessage("direct", nil))
		require.ErrorContains(t, err, "OOM", name)
		require.True(t, strings.Contains(err.Error(), topic+"out"), "the error does not say where: %v", err)
	}

	publisher := newPublisher(t, c, streams.PublisherConfig{})
	require.NoError(t, publisher.Publish(topic+"out", out(first, "first")))
	first.Ack()
	second.Ack()
	third.Nack()
	third = receive(t, messages)
	require.NoError(t, publisher.Publish(topic+"out", out(third, "third")))
	third.Ack()
	settled(t, c, topic)
	require.Equal(t, []string{"first", "third"}, uuids(decoded(t, c, topic+"out")))
}
