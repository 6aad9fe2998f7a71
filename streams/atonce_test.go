package streams_test

import (
	"fmt"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/streams"
)

// A message that nothing waits behind is committed by whoever handled it, others in
// batches: whichever it is, none overtakes another.
func TestOutputsKeepTheOrderOfASubscriptionThatIsSometimesBehind(t *testing.T) {
	t.Parallel()
	const n = 2000
	topic, c := newTopic(t), client(t)
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{})
	p := newPublisher(t, c, streams.PublisherConfig{})
	var want []string
	for i := range n {
		want = append(want, fmt.Sprint(i))
	}
	published := make(chan error, 1)
	go func() {
		for _, uuid := range want {
			if err := p.Publish(topic, message.NewMessage(uuid, nil)); err != nil {
				published <- err
				return
			}
		}
		published <- nil
	}()
	for range n {
		msg := receive(t, messages)
		require.NoError(t, p.Publish(topic+":out", out(msg, msg.UUID)))
		msg.Ack()
	}
	require.NoError(t, <-published)
	settled(t, c, topic)
	require.Equal(t, want, uuids(decoded(t, c, topic+":out")))
}
