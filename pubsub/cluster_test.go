package pubsub_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/pubsub"
)

func TestCluster(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t, 1)
	c := cluster.Client(t)

	t.Run("what is published comes in order, wherever its slot is", func(t *testing.T) {
		for _, sharded := range []bool{false, true} {
			var heard int64
			p := newPublisher(t, c, pubsub.PublisherConfig{
				Sharded: sharded, Envelope: true, RequireReceivers: true,
				OnPublished: func(_ string, _ *message.Message, receivers int64) { heard += receivers },
			})
			s := newSubscriber(t, c, pubsub.SubscriberConfig{Sharded: sharded})
			const topics, each = 12, 100 // so many topics are on all servers
			for i := range topics {
				topic := fmt.Sprintf("topic-%d-%t", i, sharded)
				messages, err := s.Subscribe(t.Context(), topic)
				require.NoError(t, err)
				var all []*message.Message
				for n := range each {
					all = append(all, message.NewMessage(watermill.NewUUID(), message.Payload(fmt.Sprint(n+1))))
				}
				require.NoError(t, p.Publish(topic, all[:each/2]...))
				for _, msg := range all[each/2:] {
					require.NoError(t, p.Publish(topic, msg))
				}
				require.Equal(t, numbers(1, each), payloads(t, messages, each))
			}
			require.EqualValues(t, topics*each, heard)
		}
	})

	t.Run("a pattern hears all servers", func(t *testing.T) {
		messages, _ := subscribe(t, c, "news.*", pubsub.SubscriberConfig{Patterns: true})
		p := newPublisher(t, c, pubsub.PublisherConfig{})
		seen := map[string]bool{}
		for i := range 12 {
			require.NoError(t, p.Publish(fmt.Sprintf("news.%d", i), message.NewMessage("", []byte("x"))))
		}
		for range 12 {
			msg := receive(t, messages)
			seen[pubsub.ChannelFrom(msg.Context())] = true
			msg.Ack()
		}
		require.Len(t, seen, 12)
	})

	t.Run("a sharded channel follows its slot to another server", func(t *testing.T) {
		const topic = "moving"
		seen, onGap := newGaps()
		messages, _ := subscribe(t, c, topic, pubsub.SubscriberConfig{Sharded: true, OnGap: onGap})
		cluster.Reshard(t, topic, cluster.Others(t, topic)[0], func(string) {})
		require.ErrorIs(t, seen.next(t).Cause, pubsub.ErrMoved)
		awaitHeard(t, c, topic)
		require.Equal(t, []string{"after"}, payloads(t, messages, 1))
	})

	// Any server of the cluster would do to hear it, but one that has left it hears
	// nothing, and the publisher counts those who listen at the slot's.
	t.Run("a channel follows its slot, so that who listens is counted", func(t *testing.T) {
		const topic = "moving-channel"
		seen, onGap := newGaps()
		messages, _ := subscribe(t, c, topic, pubsub.SubscriberConfig{OnGap: onGap, Heartbeat: 100 * time.Millisecond})
		cluster.Reshard(t, topic, cluster.Others(t, topic)[0], func(string) {})
		require.ErrorIs(t, seen.next(t).Cause, pubsub.ErrMoved)
		p := newPublisher(t, cluster.Client(t), pubsub.PublisherConfig{RequireReceivers: true})
		require.NoError(t, p.Publish(topic, message.NewMessage("", []byte("after"))))
		require.Equal(t, []string{"after"}, payloads(t, messages, 1))
	})

	t.Run("receivers cannot be counted with a client that reads from replicas", func(t *testing.T) {
		replicas := redis.NewClusterClient(&redis.ClusterOptions{Addrs: cluster.Addrs(), ReadOnly: true})
		defer replicas.Close()
		_, err := pubsub.NewPublisher(replicas, pubsub.PublisherConfig{RequireReceivers: true})
		require.ErrorContains(t, err, "replicas")
	})

	t.Run("a sharded channel follows its slot to the replica of a dead master", func(t *testing.T) {
		const topic = "failing-over"
		seen, onGap := newGaps()
		messages, _ := subscribe(t, c, topic, pubsub.SubscriberConfig{Sharded: true, OnGap: onGap})
		master := cluster.Shard(t, topic).Master
		master.Kill(t)
		cluster.AwaitPromotion(t, topic, master)
		gap := seen.next(t)
		require.Error(t, gap.Cause)
		awaitHeard(t, c, topic)
		require.Equal(t, []string{"after"}, payloads(t, messages, 1))
	})
}

// awaitHeard publishes to a sharded channel until somebody listens.
func awaitHeard(t *testing.T, c *redis.ClusterClient, topic string) {
	t.Helper()
	p := newPublisher(t, c, pubsub.PublisherConfig{Sharded: true, RequireReceivers: true})
	eventually(t, func() bool { return p.Publish(topic, message.NewMessage("", []byte("after"))) == nil }, "nobody listens")
}

func TestASubscriptionFollowsASentinel(t *testing.T) {
	t.Parallel()
	master := redistest.Start(t)
	replica := master.Replica(t)
	sentinel := redistest.StartSentinel(t, master, replica)
	c := sentinel.FailoverClient(t)
	seen, onGap := newGaps()
	messages, _ := subscribe(t, c, "topic", pubsub.SubscriberConfig{OnGap: onGap})
	master.Kill(t)
	sentinel.AwaitMaster(t, replica)
	require.ErrorIs(t, seen.next(t).Cause, pubsub.ErrRestarted)
	publish(t, replica.Client(t), "topic", "after")
	require.Equal(t, []string{"after"}, payloads(t, messages, 1))
}
