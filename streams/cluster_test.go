package streams_test

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/components/delay"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/streams"
)

// What works on one server works on a cluster of three.
func TestOnRedisCluster(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t, 0)
	for name, test := range map[string]func(*testing.T, *redistest.Cluster){
		"topics of all shards are published to together":  publishToAllShards,
		"a key is published once":                         publishOnceOnCluster,
		"a message is handed off in one step":             handOffOnCluster,
		"a late worker is fenced off":                     fenceOffOnCluster,
		"a rejected message comes again":                  parkOnCluster,
		"an undecodable entry goes to the poison topic":   poisonOnCluster,
		"messages of a dead consumer are taken over":      takeOverOnCluster,
		"unfinished messages are handed back on leaving":  handBackOnCluster,
		"order is kept over all consumers":                keepOrderOnCluster,
		"a lost group is made again":                      loseGroupOnCluster,
		"a full topic takes more when it is worked off":   boundOnCluster,
		"a delayed message comes in its time":             delayOnCluster,
		"the stages of a pipeline share a slot":           runPipelineOnCluster,
		"a pipeline's slot moves to another master":       moveSlotOfPipeline,
		"a subscription outlives the move of its slot":    moveSlotOfSubscription,
		"a subscription finds a slot that moved unseen":   moveSlotUnseen,
		"an ordered subscription outlives the move, too":  moveSlotOfOrderedSubscription,
		"scripts are found missing and sent to each node": flushScriptsOnCluster,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, cluster)
		})
	}
}

// One batch goes to three servers.
func publishToAllShards(t *testing.T, cluster *redistest.Cluster) {
	const topics, n = 24, 50
	c, base := cluster.Client(t), newTopic(t)
	publisher := newPublisher(t, c, streams.PublisherConfig{})
	topic := func(i int) string { return strconv.Itoa(i) + base[1:len(base)-1] } // a slot of its own each
	owners := map[*redistest.Server]bool{}
	var publishing sync.WaitGroup
	for i := range topics {
		owners[cluster.Shard(t, topic(i)).Master] = true
		publishing.Go(func() {
			for j := range n {
				if err := publisher.Publish(topic(i), message.NewMessage(strconv.Itoa(j), nil)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	publishing.Wait()
	require.Len(t, owners, 3, "not all servers took part")
	for i := range topics {
		requireEachOnce(t, uuids(decoded(t, c, topic(i))), n)
		messages, _ := subscribe(t, c, topic(i), streams.SubscriberConfig{})
		for j := range n {
			msg := receive(t, messages)
			require.Equal(t, strconv.Itoa(j), msg.UUID, "what one caller publishes keeps its order")
			msg.Ack()
		}
		settled(t, c, topic(i))
	}
}

func publishOnceOnCluster(t *testing.T, cluster *redistest.Cluster) {
	topic := newTopic(t)
	for range 3 {
		publisher := newPublisher(t, cluster.Client(t), streams.PublisherConfig{IdempotencyKey: byUUID})
		for i := range 10 {
			require.NoError(t, publisher.Publish(topic, message.NewMessage(strconv.Itoa(i), nil)))
		}
	}
	requireEachOnce(t, uuids(decoded(t, cluster.Client(t), topic)), 10)
}

func handOffOnCluster(t *testing.T, cluster *redistest.Cluster) {
	topic, c := newTopic(t), cluster.Client(t)
	publish(t, c, topic, "1")
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{})
	publisher := newPublisher(t, c, streams.PublisherConfig{})
	msg := receive(t, messages)
	require.NoError(t, publisher.Publish(topic+":a", out(msg, "a1"), out(msg, "a2")))
	require.NoError(t, publisher.Publish(topic+":b", out(msg, "b")))
	h := handoff.FromContext(msg.Context())
	require.NoError(t, h.Mark(handoff.Mark{Key: "m", TTL: time.Minute}))
	lease, err := h.Leases().Acquire(t.Context(), "m", "o", time.Minute)
	require.NoError(t, err)
	require.Equal(t, handoff.Granted, lease.State)
	require.Empty(t, decoded(t, c, topic+":a"), "an output is there before the acknowledgement")
	msg.Ack()
	settled(t, c, topic)
	require.Equal(t, []string{"a1", "a2"}, uuids(decoded(t, c, topic+":a")))
	require.Equal(t, []string{"b"}, uuids(decoded(t, c, topic+":b")))
	lease, err = h.Leases().Acquire(t.Context(), "m", "o", time.Minute)
	require.NoError(t, err)
	require.Equal(t, handoff.Finished, lease.State)
}

func fenceOffOnCluster(t *testing.T, cluster *redistest.Cluster) {
	topic, stalled := newTopic(t), cluster.Client(t)
	stalled.AddHook(noRenewals{})
	publish(t, stalled, topic, "1")
	slow, _ := subscribe(t, stalled, topic, streams.SubscriberConfig{IdleTime: shortIdle})
	late := receive(t, slow)
	require.NoError(t, newPublisher(t, stalled, streams.PublisherConfig{}).Publish(topic+":out", out(late, "late")))

	c := cluster.Client(t)
	quick, _ := subscribe(t, c, topic, streams.SubscriberConfig{IdleTime: shortIdle})
	msg := receive(t, quick)
	require.NoError(t, newPublisher(t, c, streams.PublisherConfig{}).Publish(topic+":out", out(msg, "first")))
	msg.Ack()
	settled(t, c, topic)
	late.Ack()
	receiveNothing(t, slow, 2*shortIdle)
	require.Equal(t, []string{"first"}, uuids(decoded(t, c, topic+":out")))
}

func parkOnCluster(t *testing.T, cluster *redistest.Cluster) {
	topic, c := newTopic(t), cluster.Client(t)
	publish(t, c, topic, "1", "2")
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{NackDelay: 300 * time.Millisecond})
	first := receive(t, messages)
	require.Equal(t, "1", first.UUID)
	first.Nack()
	behind := receive(t, messages)
	require.Equal(t, "2", behind.UUID, "those behind it pass")
	behind.Ack()
	again := receive(t, messages)
	require.Equal(t, "1", again.UUID)
	require.Equal(t, 2, attempt(again))
	again.Ack()
	settled(t, c, topic)
}

func poisonOnCluster(t *testing.T, cluster *redistest.Cluster) {
	// A topic without a hash tag: the key beside it must be in its slot all the same.
	topic, c := newTopic(t), cluster.Client(t)
	topic = topic[1 : len(topic)-1]
	require.NoError(t, c.XAdd(t.Context(), &redis.XAddArgs{Stream: topic, Values: []string{"payload", "p"}}).Err())
	publish(t, c, topic, "behind")
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{})
	behind := receive(t, messages)
	require.Equal(t, "behind", behind.UUID)
	behind.Ack()
	settled(t, c, topic)
	poison := decoded(t, c, "{"+topic+"}:poison")
	require.Len(t, poison, 1)
	require.Equal(t, "p", string(poison[0].Payload))
}

func takeOverOnCluster(t *testing.T, cluster *redistest.Cluster) {
	topic, c := newTopic(t), cluster.Client(t)
	publish(t, c, topic, "1", "2", "3")
	die(t, c, topic, 2)
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{IdleTime: shortIdle})
	attempts := map[string]int{}
	for range 3 {
		msg := receive(t, messages)
		attempts[msg.UUID] = attempt(msg)
		msg.Ack()
	}
	require.Equal(t, map[string]int{"1": 2, "2": 2, "3": 1}, attempts)
	settled(t, c, topic)
}

func handBackOnCluster(t *testing.T, cluster *redistest.Cluster) {
	topic, c := newTopic(t), cluster.Client(t)
	publish(t, c, topic, "1", "2")
	messages, leaving := subscribe(t, c, topic, streams.SubscriberConfig{DrainTimeout: 50 * time.Millisecond})
	receive(t, messages)
	require.NoError(t, leaving.Close())
	messages, _ = subscribe(t, cluster.Client(t), topic, streams.SubscriberConfig{})
	seen := map[string]bool{}
	for range 2 { // at once: nobody waits for an idle time of half a minute
		msg := receive(t, messages)
		seen[msg.UUID] = true
		msg.Ack()
	}
	require.Len(t, seen, 2)
	settled(t, c, topic)
}

func keepOrderOnCluster(t *testing.T, cluster *redistest.Cluster) {
	const n = 100
	topic, c := newTopic(t), cluster.Client(t)
	preload(t, c, topic, n)
	die(t, c, topic, 3)
	for range 3 {
		relayInOrder(t, cluster.Client(t), topic, time.Millisecond)
	}
	awaitLen(t, c, topic+":out", n)
	settled(t, c, topic)
	requireOrder(t, uuids(decoded(t, c, topic+":out")), n)
}

func loseGroupOnCluster(t *testing.T, cluster *redistest.Cluster) {
	topic, c := newTopic(t), cluster.Client(t)
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{})
	require.NoError(t, c.Del(t.Context(), topic).Err())
	publish(t, c, topic, "1")
	msg := receive(t, messages)
	require.Equal(t, "1", msg.UUID)
	msg.Ack()
	settled(t, c, topic)
}

func boundOnCluster(t *testing.T, cluster *redistest.Cluster) {
	topic, c := newTopic(t), cluster.Client(t)
	publisher := newPublisher(t, c, streams.PublisherConfig{MaxLen: 3})
	require.NoError(t, publisher.Publish(topic, numbers(3)...))
	require.ErrorIs(t, publisher.Publish(topic, numbers(1)...), streams.ErrTopicFull)
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{Trim: &streams.Trim{}})
	for range 3 {
		receive(t, messages).Ack()
	}
	eventually(t, func() bool { return publisher.Publish(topic, numbers(1)...) == nil }, "a topic that was worked off stays full")
	receive(t, messages).Ack()
	settled(t, c, topic)
}

func delayOnCluster(t *testing.T, cluster *redistest.Cluster) {
	topic, c := newTopic(t), cluster.Client(t)
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{})
	late := message.NewMessage("late", nil)
	delay.Message(late, delay.For(500*time.Millisecond))
	began := time.Now()
	require.NoError(t, newPublisher(t, c, streams.PublisherConfig{}).Publish(topic, late, message.NewMessage("soon", nil)))
	for _, want := range []string{"soon", "late"} {
		msg := receive(t, messages)
		require.Equal(t, want, msg.UUID)
		msg.Ack()
	}
	require.GreaterOrEqual(t, time.Since(began), 450*time.Millisecond)
	settled(t, c, topic)
}

func flushScriptsOnCluster(t *testing.T, cluster *redistest.Cluster) {
	const n = 20
	topic, c := newTopic(t), cluster.Client(t)
	preload(t, c, topic, n)
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{})
	publisher := newPublisher(t, c, streams.PublisherConfig{})
	for range n {
		msg := receive(t, messages)
		require.NoError(t, publisher.Publish(topic+":out", out(msg, msg.UUID)))
		require.NoError(t, c.ScriptFlush(t.Context()).Err())
		msg.Ack()
	}
	settled(t, c, topic)
	requireEachOnce(t, uuids(decoded(t, c, topic+":out")), n)
}

// relayInOrder passes on what comes in a topic to the topic with ":out" behind it,
// as one of the ordered consumers of a group, until the test ends.
func relayInOrder(t *testing.T, c redis.UniversalClient, topic string, work time.Duration) {
	t.Helper()
	relayAs(t, c, topic, work, streams.SubscriberConfig{Ordered: true, IdleTime: time.Second})
}

func relayAs(t *testing.T, c redis.UniversalClient, topic string, work time.Duration, config streams.SubscriberConfig) {
	t.Helper()
	publisher := newPublisher(t, c, streams.PublisherConfig{})
	messages, subscriber := subscribe(t, c, topic, config)
	var relaying sync.WaitGroup
	for range max(1, config.Concurrency) {
		relaying.Go(func() {
			for msg := range messages {
				time.Sleep(work)
				if err := publisher.Publish(topic+":out", out(msg, msg.UUID)); err != nil {
					t.Error(err)
				}
				msg.Ack()
			}
		})
	}
	t.Cleanup(func() {
		_ = subscriber.Close()
		relaying.Wait()
	})
}

// awaitLen waits until a stream has n entries.
func awaitLen(t *testing.T, c redis.UniversalClient, topic string, n int) {
	t.Helper()
	eventually(t, func() bool {
		got, err := c.XLen(t.Context(), topic).Result()
		return err == nil && int(got) >= n
	}, "%s does not get %d entries", topic, n)
}

// requireOrder requires the numbers below n in their order.
func requireOrder(t *testing.T, ids []string, n int) {
	t.Helper()
	want := make([]string, n)
	for i := range want {
		want[i] = strconv.Itoa(i)
	}
	require.Equal(t, want, ids)
}
