package streams_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/streams"
)

// A worker that is cut off from Redis cannot renew its hold. Another takes its
// message, both finish it, and it must come out once, whoever is first.
func TestAMessageHeldByTwoComesOutOnce(t *testing.T) {
	t.Parallel()
	for name, cutOffIsFirst := range map[string]bool{
		"the cut off worker commits first": true,
		"the cut off worker commits last":  false,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			topic := newTopic(t)
			outputs := topic + "out"
			// No renewal of the first worker gets through; reads and commits do.
			cutOff, free := client(t), client(t)
			cutOff.AddHook(noRenewals{})
			publish(t, free, topic, "m")

			var said logs
			config := streams.SubscriberConfig{IdleTime: 60 * time.Millisecond, Logger: said.logger()}
			first, _ := subscribe(t, cutOff, topic, config)
			held := receive(t, first)
			second, _ := subscribe(t, free, topic, config)
			taken := receive(t, second)
			require.Greater(t, attempt(taken), 1)

			require.NoError(t, newPublisher(t, cutOff, streams.PublisherConfig{}).Publish(outputs, out(held, "o1"), out(held, "o2")))
			require.NoError(t, newPublisher(t, free, streams.PublisherConfig{}).Publish(outputs, out(taken, "o1"), out(taken, "o2")))
			if cutOffIsFirst {
				held.Ack()
				settled(t, free, topic)
				taken.Ack()
			} else {
				taken.Ack()
				settled(t, free, topic)
				held.Ack()
			}
			eventually(t, func() bool { return said.count("taken over by another consumer") == 1 },
				"the slower one was not fenced off")
			require.Equal(t, []string{"o1", "o2"}, uuids(decoded(t, free, outputs)))
		})
	}
}

func TestALostReplyToACommitDoublesNothing(t *testing.T) {
	t.Parallel()
	for name, retries := range map[string]int{"with go-redis's retries": 3, "without": -1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			topic := newTopic(t)
			outputs := topic + "out"
			link := redistest.Proxy(t, server.Addr())
			shaky := redis.NewClient(&redis.Options{Addr: link.Addr(), MaxRetries: retries})
			t.Cleanup(func() { _ = shaky.Close() })
			publisher := newPublisher(t, shaky, streams.PublisherConfig{})
			publish(t, client(t), topic, "1", "2", "3")
			messages, _ := subscribe(t, shaky, topic, streams.SubscriberConfig{IdleTime: 10 * time.Second})
			for _, id := range []string{"1", "2", "3"} {
				msg := receive(t, messages)
				require.Equal(t, id, msg.UUID)
				require.NoError(t, publisher.Publish(outputs, out(msg, id)))
				if id == "2" {
					link.LoseNextReply(contains("evalsha", outputs))
				}
				msg.Ack()
			}
			settled(t, client(t), topic)
			eventually(t, func() bool { return link.Lost() == 1 }, "the reply was not lost")
			require.Equal(t, []string{"1", "2", "3"}, uuids(decoded(t, client(t), outputs)))
		})
	}
}

// A worker that could not renew its hold in time, since its machine stood still,
// finds its own messages idle. They are with its handlers all the same.
func TestAStalledWorkerDoesNotTakeOverFromItself(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	stalled := client(t)
	stalled.AddHook(noRenewals{})
	publish(t, c, topic, "1")
	messages, _ := subscribe(t, stalled, topic, streams.SubscriberConfig{IdleTime: 60 * time.Millisecond, Concurrency: 2})
	msg := receive(t, messages)
	receiveNothing(t, messages, 400*time.Millisecond)
	pending, err := c.XPendingExt(t.Context(), &redis.XPendingExtArgs{Stream: topic, Group: "g", Start: "-", End: "+", Count: 1}).Result()
	require.NoError(t, err)
	require.EqualValues(t, 1, pending[0].RetryCount, "that is not another attempt")
	msg.Ack()
	settled(t, c, topic)
}
