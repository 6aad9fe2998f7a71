package live_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/pubsub"
	"github.com/millstream-go/millstream/streams"
)

// server is a real Redis that the benchmarks share.
var server *redistest.Server

func TestMain(m *testing.M) {
	os.Exit(redistest.Main(m, func(s *redistest.Server) { server = s }))
}

var quiet = slog.New(slog.DiscardHandler)

// carrier is one of the two ways to carry messages.
type carrier struct {
	name       string
	publisher  func(*redis.Client) (message.Publisher, error)
	subscriber func(c *redis.Client, group string) (message.Subscriber, error)
}

var carriers = []carrier{
	{
		name: "pubsub",
		publisher: func(c *redis.Client) (message.Publisher, error) {
			return pubsub.NewPublisher(c, pubsub.PublisherConfig{})
		},
		subscriber: func(c *redis.Client, _ string) (message.Subscriber, error) {
			return pubsub.NewSubscriber(c, pubsub.SubscriberConfig{Overflow: pubsub.Block, Logger: quiet})
		},
	},
	{
		name: "streams",
		publisher: func(c *redis.Client) (message.Publisher, error) {
			return streams.NewPublisher(c, streams.PublisherConfig{})
		},
		subscriber: func(c *redis.Client, group string) (message.Subscriber, error) {
			return streams.NewSubscriber(c, group, streams.SubscriberConfig{Logger: quiet})
		},
	},
}

// listen subscribes so many times and acknowledges; each message gives an item.
func (c carrier) listen(b *testing.B, topic string, listeners int) []chan time.Time {
	b.Helper()
	arrived := make([]chan time.Time, listeners)
	for i := range arrived {
		client := server.Client(b)
		s, err := c.subscriber(client, "group"+string(rune('a'+i)))
		require.NoError(b, err)
		messages, err := s.Subscribe(context.Background(), topic)
		require.NoError(b, err)
		arrived[i] = make(chan time.Time, burst)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for msg := range messages {
				arrived[i] <- time.Now()
				msg.Ack()
			}
		}()
		b.Cleanup(func() {
			require.NoError(b, s.Close())
			<-ended
		})
	}
	return arrived
}

const (
	payloadSize = 200
	burst       = 5_000
)

// BenchmarkLatency is how long a single message takes from before Publish to the
// handler, when nothing else is under way: half of them take less than p50-us.
func BenchmarkLatency(b *testing.B) {
	for _, c := range carriers {
		b.Run(c.name, func(b *testing.B) {
			client, topic := server.Client(b), "{"+watermill.NewUUID()+"}"
			p, err := c.publisher(client)
			require.NoError(b, err)
			defer p.Close()
			arrived := c.listen(b, topic, 1)[0]
			payload := bytes.Repeat([]byte("x"), payloadSize)
			var took []time.Duration
			for b.Loop() {
				began := time.Now()
				require.NoError(b, p.Publish(topic, message.NewMessage(watermill.NewUUID(), payload)))
				took = append(took, (<-arrived).Sub(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-us")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-us")
		})
	}
}

// BenchmarkThroughput is how many messages a second reach all of the listeners, published
// in calls of 100 by one publisher that waits for each burst of 5,000 to be received.
func BenchmarkThroughput(b *testing.B) {
	for _, listeners := range []int{1, 8} {
		for _, c := range carriers {
			b.Run(c.name+"/listeners="+string(rune('0'+listeners)), func(b *testing.B) {
				client, topic := server.Client(b), "{"+watermill.NewUUID()+"}"
				p, err := c.publisher(client)
				require.NoError(b, err)
				defer p.Close()
				arrived := c.listen(b, topic, listeners)
				payload := bytes.Repeat([]byte("x"), payloadSize)
				for b.Loop() {
					for range burst / 100 {
						batch := make([]*message.Message, 100)
						for i := range batch {
							batch[i] = message.NewMessage(watermill.NewUUID(), payload)
						}
						require.NoError(b, p.Publish(topic, batch...))
					}
					for _, of := range arrived {
						for range burst {
							<-of
						}
					}
				}
				b.ReportMetric(burst*float64(b.N)/b.Elapsed().Seconds(), "msg/s")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
