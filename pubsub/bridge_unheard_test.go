package pubsub_test

import (
	"sync/atomic"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/pubsub"
	"github.com/millstream-go/millstream/streams"
)

func TestABroadcastThatRequiresReceiversWaitsForThem(t *testing.T) {
	t.Parallel()
	const n = 20
	c, p := client(t), newBridge()
	var heard, unheard atomic.Int64
	live := newLive(t, c, pubsub.Config{Publisher: pubsub.PublisherConfig{
		RequireReceivers: true,
		OnPublished: func(_ string, _ *message.Message, receivers int64) {
			if receivers == 0 {
				unheard.Add(1)
			}
			heard.Add(receivers)
		},
	}})
	source := pipeline.Source[int](p, "numbers")
	pipeline.Broadcast(source, "tell", live, func(int) string { return told(p.Name()) })
	publisher, err := streams.NewPublisher(c, streams.PublisherConfig{})
	require.NoError(t, err)
	require.NoError(t, publisher.Publish(source.Topics()[0], numbered(1, n)...))
	run(t, p, newDurable(t, c))
	eventually(t, func() bool { return unheard.Load() > 2*n }, "they are not published again")
	require.Zero(t, heard.Load())

	listener := c.Subscribe(t.Context(), told(p.Name()))
	defer listener.Close()
	_, err = listener.Receive(t.Context())
	require.NoError(t, err)
	got := map[string]int{}
	for range n {
		msg, err := listener.ReceiveTimeout(t.Context(), patience)
		require.NoError(t, err)
		got[msg.(*redis.Message).Payload]++
	}
	require.Equal(t, once(1, n), got)
	idle(t, p, newDurable(t, c))
	require.EqualValues(t, n, heard.Load(), "some were published again although somebody heard them")
	require.Zero(t, c.Exists(t.Context(), p.PoisonTopic()).Val(), "messages were poisoned")
}
