package live_test

import (
	"context"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// patience is how long to wait for what must come.
const patience = time.Minute

// figures are what a round measured, by name.
type figures map[string]float64

// rounds reports the median of each figure. A round measures all contenders, so that
// what else the machine does meets them alike.
func rounds(b *testing.B, measure func() figures) {
	b.Helper()
	all := map[string][]float64{}
	for b.Loop() {
		for name, value := range measure() {
			all[name] = append(all[name], value)
		}
	}
	for name, values := range all {
		slices.Sort(values)
		b.ReportMetric(values[len(values)/2], name)
	}
	b.ReportMetric(0, "ns/op")
}

// attend handles and acknowledges what comes; stop ends it and closes the subscriber.
func attend(b *testing.B, s message.Subscriber, topic string, handle func(*message.Message)) (stop func()) {
	b.Helper()
	messages, err := s.Subscribe(context.Background(), topic)
	require.NoError(b, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for msg := range messages {
			handle(msg)
			msg.Ack()
		}
	}()
	return func() {
		require.NoError(b, s.Close())
		<-ended
	}
}

// publish sends so many messages with so many in a call.
func publish(b *testing.B, p message.Publisher, topic string, n, call int) {
	b.Helper()
	payload := make([]byte, payloadSize)
	for sent := 0; sent < n; sent += call {
		batch := make([]*message.Message, call)
		for i := range batch {
			batch[i] = newMessage(payload)
		}
		require.NoError(b, p.Publish(topic, batch...))
	}
}

// eventually waits until a condition holds.
func eventually(b *testing.B, what string, condition func() bool) {
	b.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(time.Millisecond) {
		require.True(b, time.Now().Before(deadline), "waited in vain for %s", what)
	}
}

// ask returns a number that the server tells of itself.
func ask(b *testing.B, c *redis.Client, section, field string) float64 {
	b.Helper()
	info := c.InfoMap(context.Background(), section)
	require.NoError(b, info.Err())
	n, err := strconv.ParseFloat(info.Item(section, field), 64)
	require.NoError(b, err)
	return n
}
