package pubsub_test

import (
	"sync"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/pubsub"
)

// hearing is what is heard on a channel, as the subscriber of this package opens it.
type hearing struct {
	subscriber *pubsub.Subscriber
	mu         sync.Mutex
	heard      []*message.Message
}

// hear listens until the test ends. It drops nothing.
func hear(t testing.TB, c *redis.Client, channel string) *hearing {
	t.Helper()
	h := &hearing{}
	var messages <-chan *message.Message
	messages, h.subscriber = subscribe(t, c, channel, pubsub.SubscriberConfig{Overflow: pubsub.Block, Buffer: 10_000})
	go func() { // ends when the subscriber is closed
		for msg := range messages {
			h.mu.Lock()
			h.heard = append(h.heard, msg)
			h.mu.Unlock()
			msg.Ack()
		}
	}()
	return h
}

// all returns what was heard so far.
func (h *hearing) all() []*message.Message {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]*message.Message(nil), h.heard...)
}

// await waits until so many different payloads were heard, and returns how often each
// was. Nothing may have escaped the listener.
func (h *hearing) await(t testing.TB, n int) map[string]int {
	t.Helper()
	eventually(t, func() bool { return len(byPayload(h.all())) >= n }, "messages are missing")
	return h.settled(t)
}

// settled waits until all that came was taken down, and returns how often each
// payload was heard.
func (h *hearing) settled(t testing.TB) map[string]int {
	t.Helper()
	eventually(t, func() bool { return statsOf(t, h.subscriber).Held == 0 }, "the listener is behind")
	stats := statsOf(t, h.subscriber)
	require.Zero(t, stats.Gaps)
	require.Zero(t, stats.Lost)
	return different(t, h.all())
}
