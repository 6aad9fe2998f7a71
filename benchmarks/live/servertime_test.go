package live_test

import (
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/streams"
)

// everysec is the append-only file as Redis syncs it by default, once a second.
func everysec() redistest.Option {
	return redistest.Args("--appendonly", "yes", "--appendfsync", "everysec")
}

// BenchmarkServerTime is the processor time of Redis for one message to one handler:
// published in calls of one, each after the one before has arrived (alone), and in calls
// of 100 (batch). On streams that is adding, reading, acknowledging and deleting it;
// streams-aof has an append-only file.
func BenchmarkServerTime(b *testing.B) {
	deleting := carriers[1]
	deleting.subscriber = func(c *redis.Client, group string) (message.Subscriber, error) {
		return streams.NewSubscriber(c, group, streams.SubscriberConfig{Trim: &streams.Trim{}, Logger: quiet})
	}
	plain, logged := redistest.Start(b).Client(b), redistest.Start(b, everysec()).Client(b)
	rounds(b, func() figures {
		f := figures{}
		for _, contender := range []struct {
			name    string
			carrier carrier
			client  *redis.Client
		}{
			{"pubsub", carriers[0], plain},
			{"streams", deleting, plain},
			{"streams-aof", deleting, logged},
		} {
			f[contender.name+"-alone-us/msg"] = serverTime(b, contender.carrier, contender.client, 1, 1, burst)
			f[contender.name+"-batch-us/msg"] = serverTime(b, contender.carrier, contender.client, 100, burst, backlog)
		}
		return f
	})
}

// serverTime publishes n messages in calls and waits for all after each window. It
// returns the microseconds for each.
func serverTime(b *testing.B, c carrier, client *redis.Client, call, window, n int) float64 {
	b.Helper()
	topic := newTopic()
	p, err := c.publisher(client)
	require.NoError(b, err)
	s, err := c.subscriber(client, "group")
	require.NoError(b, err)
	arrived := make(chan struct{}, window)
	stop := attend(b, s, topic, func(*message.Message) { arrived <- struct{}{} })
	before := processorTime(b, client)
	for range n / window {
		publish(b, p, topic, window, call)
		for range window {
			<-arrived
		}
	}
	stop() // which also commits and deletes what is left
	return (processorTime(b, client) - before) / float64(n) * 1e6
}

// processorTime returns seconds.
func processorTime(b *testing.B, c *redis.Client) float64 {
	b.Helper()
	return ask(b, c, "CPU", "used_cpu_user") + ask(b, c, "CPU", "used_cpu_sys")
}
