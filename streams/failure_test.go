package streams_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/streams"
)

// Redis does not roll back what a script did before a command of it failed.
func TestAFailingOutputLosesNothingAndLeavesNoPart(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	require.NoError(t, c.Set(t.Context(), topic+"broken", "no stream", 0).Err())
	publish(t, c, topic, "1", "2")
	var said logs
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{Logger: said.logger()})
	publisher := newPublisher(t, c, streams.PublisherConfig{})

	msg := receive(t, messages)
	require.NoError(t, publisher.Publish(topic+"good", out(msg, "g1")))
	require.NoError(t, publisher.Publish(topic+"broken", out(msg, "b1")))
	msg.Ack()
	behind := receive(t, messages)
	require.Equal(t, "2", behind.UUID, "one bad message holds up those behind it")
	behind.Ack()
	eventually(t, func() bool { return said.count("an output could not be added") == 1 }, "the failure is not said")
	require.Empty(t, decoded(t, c, topic+"good"), "a part of the outputs stays")

	require.NoError(t, c.Del(t.Context(), topic+"broken").Err())
	msg = receive(t, messages) // after commit.FailureDelay
	require.Equal(t, "1", msg.UUID)
	require.Equal(t, 2, attempt(msg))
	require.NoError(t, publisher.Publish(topic+"good", out(msg, "g1")))
	require.NoError(t, publisher.Publish(topic+"broken", out(msg, "b1")))
	msg.Ack()
	settled(t, c, topic)
	require.Equal(t, []string{"g1"}, uuids(decoded(t, c, topic+"good")))
	require.Equal(t, []string{"b1"}, uuids(decoded(t, c, topic+"broken")))
}
