package streams_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/streams"
)

// reply is what a server answers in a state that passes.
type reply string

func (r reply) Error() string { return string(r) }
func (reply) RedisError()     {}

// A server says these by itself only in moments that a test cannot hold, so a
// client's hook says them.
func TestAStateOfTheServerThatPassesIsWaitedFor(t *testing.T) {
	t.Parallel()
	for _, says := range []reply{
		"LOADING Redis is loading the dataset in memory",
		"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
		"CLUSTERDOWN The cluster is down",
		"TRYAGAIN Multiple keys request during rehashing of slot",
		"BUSY Redis is busy running a script.",
		"NOREPLICAS Not enough good replicas to write.",
	} {
		t.Run(string(says), func(t *testing.T) {
			t.Parallel()
			topic, c, watched := newTopic(t), client(t), client(t)
			var passing atomic.Bool
			var refused atomic.Int64
			watched.AddHook(aroundProcess(func(_ redis.Cmder, next func() error) error {
				if passing.Load() {
					refused.Add(1)
					return says
				}
				return next()
			}))
			publish(t, c, topic, "1", "2")
			messages, s := subscribe(t, watched, topic, streams.SubscriberConfig{})
			p := newPublisher(t, watched, streams.PublisherConfig{})
			msg := receive(t, messages)
			require.NoError(t, p.Publish(topic+"out", out(msg, "1")))
			passing.Store(true)
			msg.Ack()
			time.Sleep(time.Second)
			require.Less(t, refused.Load(), int64(100), "commands in a second: it runs hot")
			passing.Store(false)
			msg = receive(t, messages)
			require.NoError(t, p.Publish(topic+"out", out(msg, "2")))
			msg.Ack()
			settled(t, c, topic)
			require.Equal(t, []string{"1", "2"}, uuids(decoded(t, c, topic+"out")))
			require.Zero(t, s.Stats()[0].Refused, "it was taken for a refusal of the message")
		})
	}
}
