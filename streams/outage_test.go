package streams_test

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/streams"
)

// What handlers finish while Redis is away is committed when it is back.
func TestWorkFinishedDuringAnOutageIsCommittedAfterwards(t *testing.T) {
	t.Parallel()
	const n = 8
	own := redistest.Start(t, redistest.AOF())
	topic, c := newTopic(t), own.Client(t)
	preload(t, c, topic, n)
	publisher := newPublisher(t, c, streams.PublisherConfig{})
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{Concurrency: n})
	working := make([]*message.Message, n)
	for i := range working {
		working[i] = receive(t, messages)
	}

	own.Kill(t)
	for _, msg := range working {
		require.NoError(t, publisher.Publish(topic+"out", out(msg, msg.UUID)), "staging needs no Redis")
		msg.Ack()
	}
	own.Restart(t)
	settled(t, c, topic)
	requireEachOnce(t, uuids(decoded(t, c, topic+"out")), n)
	receiveNothing(t, messages, 100*time.Millisecond)
}

// A subscription that waits for its first message when Redis goes away must not
// wait for ever.
func TestAnIdleSubscriptionOutlivesAnOutage(t *testing.T) {
	t.Parallel()
	for name, ordered := range map[string]bool{"unordered": false, "ordered": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own := redistest.Start(t, redistest.AOF())
			topic, c := newTopic(t), own.Client(t)
			var said logs
			messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{Ordered: ordered, Logger: said.logger()})
			for i := range 2 {
				own.Kill(t)
				eventually(t, func() bool { return said.count("reading failed, trying again") == i+1 }, "the outage was not noticed")
				own.Restart(t)
				publish(t, c, topic, strconv.Itoa(i))
				msg := receive(t, messages)
				require.Equal(t, strconv.Itoa(i), msg.UUID)
				msg.Ack()
				settled(t, c, topic)
				eventually(t, func() bool { return said.count("reading works again") == i+1 }, "its end was not said")
			}
		})
	}
}

// Watermill's TestReconnect, without the data race of its own and stricter:
// publishers that try again with a key double nothing.
func TestReconnect(t *testing.T) {
	t.Parallel()
	const n, publishers = 3000, 20
	own := redistest.Start(t, redistest.AOF())
	topic, c := newTopic(t), own.Client(t)
	publisher := newPublisher(t, c, streams.PublisherConfig{
		IdempotencyKey: func(_ string, msg *message.Message) string { return msg.UUID },
	})
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{Concurrency: 10, IdleTime: 2 * time.Second})
	relay := newPublisher(t, c, streams.PublisherConfig{})

	var next, failures atomic.Int64
	var publishing sync.WaitGroup
	for range publishers {
		publishing.Go(func() {
			for i := next.Add(1) - 1; i < n; i = next.Add(1) - 1 {
				for publisher.Publish(topic, message.NewMessage(strconv.FormatInt(i, 10), nil)) != nil {
					failures.Add(1)
				}
			}
		})
	}
	var handling sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	for range 10 {
		handling.Go(func() {
			for {
				select {
				case msg := <-messages:
					if err := relay.Publish(topic+"out", out(msg, msg.UUID)); err != nil {
						t.Error(err)
					}
					msg.Ack()
				case <-ctx.Done():
					return
				}
			}
		})
	}
	for _, at := range []int64{n / 3, n / 2} {
		eventually(t, func() bool { return next.Load() > at }, "publishing stopped")
		own.Kill(t)
		own.Restart(t)
	}
	publishing.Wait()
	eventually(t, func() bool {
		got, err := c.XLen(t.Context(), topic+"out").Result()
		return err == nil && got >= n
	}, "messages are missing")
	settled(t, c, topic)
	cancel()
	handling.Wait()
	requireEachOnce(t, uuids(decoded(t, c, topic)), n)
	requireEachOnce(t, uuids(decoded(t, c, topic+"out")), n)
	t.Logf("%d calls of Publish failed and were repeated", failures.Load())
}
