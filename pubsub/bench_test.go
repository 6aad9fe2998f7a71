package pubsub_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/pubsub"
)

const (
	benchMessages = 60_000
	benchBatch    = 100
	benchWindow   = 10_000
	benchPayload  = 200
)

// BenchmarkThroughput compares this package's subscriber with a bare loop around
// go-redis's PubSub, from the same publisher, in turns: messages a second that each
// of the subscribers got, in the median of the rounds, and the median ratio.
//
// Those of one process are subscriptions of one Subscriber, which share a connection;
// "apart" each have a Subscriber, as processes would. Each loop has a connection. The
// publisher waits when the slowest is 10,000 messages behind, so that nothing is lost
// on the way.
func BenchmarkThroughput(b *testing.B) {
	for _, bench := range []struct {
		name        string
		subscribers int
		ours        listen
	}{
		{"subscribers=1", 1, listenOurs},
		{"subscribers=8", 8, listenOurs},
		{"subscribers=8,apart", 8, listenApart},
	} {
		b.Run(bench.name, func(b *testing.B) {
			var bare, ours, ratios []float64
			for b.Loop() {
				bare = append(bare, throughput(b, bench.subscribers, listenBare))
				ours = append(ours, throughput(b, bench.subscribers, bench.ours))
				ratios = append(ratios, ours[len(ours)-1]/bare[len(bare)-1])
			}
			b.ReportMetric(median(bare), "bare-msg/s")
			b.ReportMetric(median(ours), "ours-msg/s")
			b.ReportMetric(median(ratios), "ours/bare")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// listen subscribes as many times as there are marks, and gives each a token for every
// 10,000 messages; stop ends it.
type listen func(b *testing.B, topic string, marks []chan struct{}) (stop func())

// throughput publishes and returns how many messages a second every subscriber got.
func throughput(b *testing.B, subscribers int, listen listen) float64 {
	b.Helper()
	topic, c := newTopic(), client(b)
	marks := make([]chan struct{}, subscribers)
	for i := range marks {
		marks[i] = make(chan struct{}, benchMessages/benchWindow+1)
	}
	defer listen(b, topic, marks)()
	payload := bytes.Repeat([]byte("x"), benchPayload)
	began := time.Now()
	for sent := 0; sent < benchMessages; {
		pipeline := c.Pipeline()
		for range benchBatch {
			pipeline.Publish(context.Background(), topic, payload)
		}
		_, err := pipeline.Exec(context.Background())
		require.NoError(b, err)
		if sent += benchBatch; sent%benchWindow == 0 && sent > benchWindow {
			await(b, marks)
		}
	}
	await(b, marks)
	return benchMessages / time.Since(began).Seconds()
}

// await waits until each subscriber got another window of messages.
func await(b *testing.B, marks []chan struct{}) {
	b.Helper()
	for _, mark := range marks {
		select {
		case <-mark:
		case <-time.After(patience):
			require.Fail(b, "messages are missing")
		}
	}
}

// tally gives a token for every 10,000 calls.
func tally(mark chan<- struct{}) func() {
	n := 0
	return func() {
		if n++; n%benchWindow == 0 {
			mark <- struct{}{}
		}
	}
}

func listenBare(b *testing.B, topic string, marks []chan struct{}) (stop func()) {
	b.Helper()
	var done sync.WaitGroup
	var conns []*redis.PubSub
	c := client(b)
	for _, mark := range marks {
		conn := c.Subscribe(context.Background(), topic)
		_, err := conn.Receive(context.Background())
		require.NoError(b, err)
		conns = append(conns, conn)
		done.Go(func() {
			count := tally(mark)
			for {
				if _, err := conn.ReceiveMessage(context.Background()); err != nil {
					return
				}
				count()
			}
		})
	}
	return func() {
		for _, conn := range conns {
			require.NoError(b, conn.Close())
		}
		done.Wait()
	}
}

func listenOurs(b *testing.B, topic string, marks []chan struct{}) (stop func()) {
	b.Helper()
	s := newSubscriber(b, client(b), pubsub.SubscriberConfig{Overflow: pubsub.Block})
	var done sync.WaitGroup
	for _, mark := range marks {
		messages, err := s.Subscribe(context.Background(), topic)
		require.NoError(b, err)
		done.Go(func() {
			count := tally(mark)
			for msg := range messages {
				msg.Ack()
				count()
			}
		})
	}
	return func() {
		require.NoError(b, s.Close())
		done.Wait()
	}
}

func listenApart(b *testing.B, topic string, marks []chan struct{}) (stop func()) {
	b.Helper()
	var stops []func()
	for i := range marks {
		stops = append(stops, listenOurs(b, topic, marks[i:i+1]))
	}
	return func() {
		for _, stop := range stops {
			stop()
		}
	}
}

// BenchmarkPublish is what one publisher does that waits for each reply.
func BenchmarkPublish(b *testing.B) {
	for _, envelope := range []bool{false, true} {
		b.Run(fmt.Sprintf("envelope=%t", envelope), func(b *testing.B) {
			p := newPublisher(b, client(b), pubsub.PublisherConfig{Envelope: envelope})
			msg := message.NewMessage("id", bytes.Repeat([]byte("x"), benchPayload))
			msg.Metadata.Set("tenant", "a")
			for b.Loop() {
				require.NoError(b, p.Publish("topic", msg))
			}
		})
	}
}
