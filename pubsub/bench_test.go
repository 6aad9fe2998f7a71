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
	benchPayload  = 200
)

// BenchmarkThroughput compares this package's subscriber with a bare loop around
// go-redis's PubSub, from the same publisher, in turns: messages a second that each
// of the subscribers got, in the median of the rounds, and the ratio.
//
// The publisher keeps one batch in flight, and waits when the slowest subscriber is
// 10,000 messages behind, so that nothing is lost on the way.
func BenchmarkThroughput(b *testing.B) {
	for _, subscribers := range []int{1, 8} {
		b.Run(fmt.Sprintf("subscribers=%d", subscribers), func(b *testing.B) {
			var bare, ours []float64
			for b.Loop() {
				for _, run := range []struct {
					rates  *[]float64
					listen listen
				}{{&bare, listenBare}, {&ours, listenOurs}} {
					*run.rates = append(*run.rates, throughput(b, subscribers, run.listen))
				}
			}
			ratios := make([]float64, len(bare))
			for i := range bare {
				ratios[i] = ours[i] / bare[i]
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

// listen subscribes and gives a token for each message; stop ends it.
type listen func(b *testing.B, c redis.UniversalClient, topic string, got chan<- struct{}) (stop func())

// throughput publishes and returns how many messages a second every subscriber got.
func throughput(b *testing.B, subscribers int, listen listen) float64 {
	b.Helper()
	topic, c := newTopic(), client(b)
	const window = 10_000
	marks := make([]chan struct{}, subscribers) // one for each window
	for i := range marks {
		marks[i] = make(chan struct{}, benchMessages/window+1)
		defer listen(b, client(b), topic, marks[i])()
	}
	payload := bytes.Repeat([]byte("x"), benchPayload)
	began := time.Now()
	for sent := 0; sent < benchMessages; {
		pipeline := c.Pipeline()
		for range benchBatch {
			pipeline.Publish(context.Background(), topic, payload)
		}
		_, err := pipeline.Exec(context.Background())
		require.NoError(b, err)
		if sent += benchBatch; sent%window == 0 && sent > window {
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

// tally calls back with every 10,000th message.
func tally(got chan<- struct{}) func() {
	n := 0
	return func() {
		if n++; n%10_000 == 0 {
			got <- struct{}{}
		}
	}
}

func listenBare(b *testing.B, c redis.UniversalClient, topic string, got chan<- struct{}) (stop func()) {
	b.Helper()
	conn := c.Subscribe(context.Background(), topic)
	_, err := conn.Receive(context.Background())
	require.NoError(b, err)
	var done sync.WaitGroup
	done.Go(func() {
		count := tally(got)
		for {
			if _, err := conn.ReceiveMessage(context.Background()); err != nil {
				return
			}
			count()
		}
	})
	return func() {
		require.NoError(b, conn.Close())
		done.Wait()
	}
}

func listenOurs(b *testing.B, c redis.UniversalClient, topic string, got chan<- struct{}) (stop func()) {
	b.Helper()
	s := newSubscriber(b, c, pubsub.SubscriberConfig{Overflow: pubsub.Block})
	messages, err := s.Subscribe(context.Background(), topic)
	require.NoError(b, err)
	var done sync.WaitGroup
	done.Go(func() {
		count := tally(got)
		for msg := range messages {
			msg.Ack()
			count()
		}
	})
	return func() {
		require.NoError(b, s.Close())
		done.Wait()
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
