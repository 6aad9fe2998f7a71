package streams_test

import (
	"strconv"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/streams"
)

// Redis's Lua passes a few thousand values to a command at most; how much a
// message hands off does not depend on that.
func TestOneMessageMayHaveThousandsOfOutputs(t *testing.T) {
	t.Parallel()
	const n = 5000
	topic, c := newTopic(t), client(t)
	publish(t, c, topic, "1")
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{})
	msg := receive(t, messages)
	publisher := newPublisher(t, c, streams.PublisherConfig{})
	outputs := make([]*message.Message, n)
	for i := range outputs {
		outputs[i] = out(msg, strconv.Itoa(i))
	}
	require.NoError(t, publisher.Publish(topic+"out", outputs...))
	// And one that is large.
	large := message.NewMessageWithContext(msg.Context(), "large", make([]byte, 8<<20))
	require.NoError(t, publisher.Publish(topic+"large", large))
	msg.Ack()
	settled(t, c, topic)
	got := uuids(decoded(t, c, topic+"out"))
	requireEachOnce(t, got, n)
	require.Equal(t, "0", got[0])
	require.Equal(t, strconv.Itoa(n-1), got[n-1])
	require.Len(t, decoded(t, c, topic+"large")[0].Payload, 8<<20)
}

// A stage of its own each: a group sees every message, whatever others do with it.
func TestTwoGroupsHandOffTheSameMessageEach(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	publish(t, c, topic, "1")
	publisher := newPublisher(t, c, streams.PublisherConfig{})
	for _, group := range []string{"one", "other"} {
		s, err := streams.NewSubscriber(c, group, streams.SubscriberConfig{Logger: discard})
		require.NoError(t, err)
		messages, err := s.Subscribe(t.Context(), topic)
		require.NoError(t, err)
		msg := receive(t, messages)
		require.NoError(t, publisher.Publish(topic+"out", out(msg, group)))
		msg.Ack()
		require.NoError(t, s.Close())
	}
	require.Equal(t, []string{"one", "other"}, uuids(decoded(t, c, topic+"out")))
}
