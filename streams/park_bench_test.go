package streams_test

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/components/delay"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/streams"
)

// BenchmarkLatenessOfDelayedMessages reports how late messages come that were put
// aside by a process that has closed since, over two that are there.
func BenchmarkLatenessOfDelayedMessages(b *testing.B) {
	const n = 40
	var late []time.Duration
	for b.Loop() {
		topic, c := newTopic(b), client(b)
		p := newPublisher(b, c, streams.PublisherConfig{})
		due := map[string]time.Time{}
		for i := range n {
			id, wait := strconv.Itoa(i), 1500*time.Millisecond+time.Duration(rand.IntN(1500))*time.Millisecond
			due[id] = time.Now().Add(wait)
			require.NoError(b, p.Publish(topic, delayed(id, delay.For(wait))))
		}
		leaving := newSubscriber(b, c, streams.SubscriberConfig{})
		_, err := leaving.Subscribe(b.Context(), topic)
		require.NoError(b, err)
		eventually(b, func() bool { return leaving.Stats()[0].Parked == n }, "not put aside")
		require.NoError(b, leaving.Close())
		one, first := subscribe(b, c, topic, streams.SubscriberConfig{})
		other, second := subscribe(b, client(b), topic, streams.SubscriberConfig{})
		for range n {
			var msg *message.Message
			select {
			case msg = <-one:
			case msg = <-other:
			}
			late = append(late, time.Since(due[msg.UUID]))
			msg.Ack()
		}
		require.NoError(b, first.Close())
		require.NoError(b, second.Close())
	}
	slices.Sort(late)
	b.ReportMetric(float64(late[len(late)/2])/1e6, "ms-late-median")
	b.ReportMetric(float64(late[len(late)*99/100])/1e6, "ms-late-p99")
	b.ReportMetric(0, "ns/op")
}
