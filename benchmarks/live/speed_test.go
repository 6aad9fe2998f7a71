package live_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// BenchmarkLatency is how long a single message takes from before Publish to the
// handler, when nothing else is under way: half of them take less than p50-us.
func BenchmarkLatency(b *testing.B) {
	client := server.Client(b)
	rounds(b, func() figures {
		f := figures{}
		for _, c := range carriers {
			took := latencies(b, c, client)
			slices.Sort(took)
			f[c.name+"-p50-us"] = float64(took[len(took)/2].Microseconds())
			f[c.name+"-p99-us"] = float64(took[len(took)*99/100].Microseconds())
		}
		return f
	})
}

func latencies(b *testing.B, c carrier, client *redis.Client) []time.Duration {
	b.Helper()
	topic := newTopic()
	p, err := c.publisher(client)
	require.NoError(b, err)
	s, err := c.subscriber(client, "group")
	require.NoError(b, err)
	arrived := make(chan time.Time)
	defer attend(b, s, topic, func(*message.Message) { arrived <- time.Now() })()
	took := make([]time.Duration, 2*burst)
	for i := range took {
		began := time.Now()
		publish(b, p, topic, 1, 1)
		took[i] = (<-arrived).Sub(began)
	}
	return took
}

// BenchmarkThroughput is how many messages a second reach all of the listeners, each
// with a Subscriber of its own, published in calls of 100 by one publisher that waits for
// each burst of 5,000 to be received.
func BenchmarkThroughput(b *testing.B) {
	for _, listeners := range []int{1, 8} {
		b.Run("listeners="+strconv.Itoa(listeners), func(b *testing.B) {
			rounds(b, func() figures {
				f := figures{}
				for _, c := range carriers {
					f[c.name+"-msg/s"] = throughput(b, c, listeners)
				}
				return f
			})
		})
	}
}

func throughput(b *testing.B, c carrier, listeners int) float64 {
	b.Helper()
	client, topic := server.Client(b), newTopic()
	p, err := c.publisher(client)
	require.NoError(b, err)
	arrived := make(chan struct{}, listeners*burst)
	for i := range listeners {
		s, err := c.subscriber(client, "group"+strconv.Itoa(i))
		require.NoError(b, err)
		defer attend(b, s, topic, func(*message.Message) { arrived <- struct{}{} })()
	}
	n := 2 * backlog / listeners
	began := time.Now()
	for range n / burst {
		publish(b, p, topic, burst, 100)
		for range listeners * burst {
			<-arrived
		}
	}
	return float64(n) / time.Since(began).Seconds()
}

func newTopic() string { return "{" + watermill.NewUUID() + "}" }
