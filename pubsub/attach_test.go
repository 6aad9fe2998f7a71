package pubsub_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/millstream-go/millstream/pubsub"
)

// What Redis tells the publisher that somebody received is counted by who did, from
// the first message on.
func TestWhatComesWhileSubscribeIsUnderWayIsCounted(t *testing.T) {
	t.Parallel()
	c := client(t)
	for range 30 {
		topic := newTopic()
		var given atomic.Uint64
		var publishing sync.WaitGroup
		stop := make(chan struct{})
		publishing.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					given.Add(uint64(c.Publish(t.Context(), topic, "1").Val()))
				}
			}
		})
		_, s := subscribe(t, c, topic, pubsub.SubscriberConfig{Buffer: 100_000})
		eventually(t, func() bool { return given.Load() > 10 }, "nobody listens")
		close(stop)
		publishing.Wait()
		publish(t, c, topic, "last")
		eventually(t, func() bool { return statsOf(t, s).Received > 0 }, "nothing comes")
		eventually(t, func() bool { return statsOf(t, s).Received == given.Load()+1 }, "messages were received and not counted")
	}
}
