package streams_test

import (
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/components/delay"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/streams"
)

// The message is due, and taken, before the reply to its parking has come.
func TestADelayShorterThanAReplyTakesIsKept(t *testing.T) {
	t.Parallel()
	topic, c, slow := newTopic(t), client(t), client(t)
	slow.AddHook(aroundProcess(func(cmd redis.Cmder, next func() error) error {
		err := next()
		if isCommit(cmd, topic) {
			time.Sleep(1500 * time.Millisecond)
		}
		return err
	}))
	messages, _ := subscribe(t, slow, topic, streams.SubscriberConfig{IdleTime: time.Hour, Concurrency: 2})
	require.NoError(t, newPublisher(t, c, streams.PublisherConfig{}).Publish(topic, delayed("m", delay.For(100*time.Millisecond))))
	msg := receive(t, messages) // and not after the idle time
	require.Equal(t, 1, attempt(msg))
	msg.Ack()
	settled(t, c, topic)
}
