package streams_test

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/streams"
)

// Replication is asynchronous, so what a dead master did last may be lost with it.
// But a replica has the master's writes in their order, up to some point, and a
// handoff in one piece or not at all. So what it has when it takes over is a state
// that the master was in: each message is there unsettled, or settled with its
// outputs. From there on the work is done again that was lost, and so every input
// that survives has its outputs once.

// All inputs are with the replica, so whatever else is lost, each has its outputs
// once in the end.
func TestAKilledMasterOfTheClusterLosesNoWorkOnWhatItsReplicaHas(t *testing.T) {
	t.Parallel()
	const n = 1000
	cluster := redistest.StartCluster(t, 1)
	f, c := newFan(t), cluster.Client(t)
	f.publish(t, c, fanInputs(n)...)
	shard := cluster.Shard(t, f.topic())
	shard.Replicas[0].CatchUp(t, shard.Master)
	f.run(t, cluster.Client(t))
	f.run(t, cluster.Client(t))
	awaitLen(t, c, f.three.Topics()[0], n/5)
	shard.Master.Kill(t)
	cluster.AwaitPromotion(t, f.topic(), shard.Master)
	c = cluster.Client(t)
	require.Less(t, len(decoded(t, c, f.three.Topics()[0])), 2*n, "the master was killed too late")
	f.awaitIdle(t, c)
	f.requireOnce(t, c, n)
}

// Workers were told that their work is committed, but only the dead master knew.
func TestWorkThatDiedWithItsMasterIsDoneAgain(t *testing.T) {
	t.Parallel()
	const n = 600
	cluster := redistest.StartCluster(t, 1)
	f, c := newFan(t), cluster.Client(t)
	f.publish(t, c, fanInputs(n)...)
	f.run(t, cluster.Client(t))
	f.run(t, cluster.Client(t))
	last := f.three.Topics()[0]
	awaitLen(t, c, last, n/3)
	shard := cluster.Shard(t, f.topic())
	shard.Master.CutReplicas(t)
	f.publish(t, c, "lost") // another input, which the replica will not have
	known := len(decoded(t, c, last))
	awaitLen(t, c, last, known+n/3)
	shard.Master.Kill(t)
	cluster.AwaitPromotion(t, f.topic(), shard.Master)
	c = cluster.Client(t)
	f.awaitIdle(t, c)
	f.requireOnce(t, c, n)
}

// A master that stands still for a while is replaced, and does not know it when it
// wakes: what it is told then is lost.
func TestAFrozenMasterOfTheClusterLosesNoWorkOnWhatItsReplicaHas(t *testing.T) {
	t.Parallel()
	const n = 1000
	cluster := redistest.StartCluster(t, 1)
	f, c := newFan(t), cluster.Client(t)
	f.trims = true
	f.publish(t, c, fanInputs(n)...)
	shard := cluster.Shard(t, f.topic())
	shard.Replicas[0].CatchUp(t, shard.Master)
	f.run(t, cluster.Client(t))
	f.run(t, cluster.Client(t))
	awaitLen(t, c, f.three.Topics()[0], n/5)
	shard.Master.Pause(t)
	cluster.AwaitPromotion(t, f.topic(), shard.Master)
	shard.Master.Resume(t)
	cluster.AwaitWhole(t)
	c = cluster.Client(t)
	f.awaitIdle(t, c)
	f.requireOnce(t, c, n)
}

// The way to take a master out of service: nothing is lost, not even what is
// published meanwhile.
func TestAFailoverByHandLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	const n = 1000
	cluster := redistest.StartCluster(t, 1)
	f, c := newFan(t), cluster.Client(t)
	f.run(t, cluster.Client(t))
	f.run(t, cluster.Client(t))
	f.publish(t, c, fanInputs(n)...)
	for i := range 2 { // there and back
		awaitLen(t, c, f.three.Topics()[0], (i+1)*n/3)
		cluster.Failover(t, f.topic())
	}
	f.awaitIdle(t, c)
	f.requireOnce(t, c, n)
}

// Publishers go on throughout. What they published last may be lost, but not what
// the replica had, and what is there has been handed off once.
func TestWhatSurvivesAFailoverIsHandedOffOnce(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]streams.SubscriberConfig{
		"concurrent": {IdleTime: time.Second, Concurrency: 8},
		"ordered":    {IdleTime: time.Second, Ordered: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const before = 300
			cluster := redistest.StartCluster(t, 1)
			topic, c := newTopic(t), cluster.Client(t)
			preload(t, c, topic, before)
			shard := cluster.Shard(t, topic)
			shard.Replicas[0].CatchUp(t, shard.Master)
			for range 2 {
				relayAs(t, cluster.Client(t), topic, time.Millisecond, config)
			}
			stop := publishOn(t, cluster.Client(t), topic, before)
			awaitLen(t, c, topic+":out", before/3)
			shard.Master.Kill(t)
			cluster.AwaitPromotion(t, topic, shard.Master)
			published := stop()

			c = cluster.Client(t)
			in := uuids(decoded(t, c, topic))
			awaitLen(t, c, topic+":out", len(in))
			settled(t, c, topic)
			require.Equal(t, in, uuids(decoded(t, c, topic)))
			requireEachOnce(t, in[:before], before)
			require.ElementsMatch(t, in, uuids(decoded(t, c, topic+":out")))
			t.Logf("%d of %d inputs survived", len(in), published)
		})
	}
}

// Whoever publishes to one server does not wait for another.
func TestAFrozenMasterHoldsUpOnlyWhatIsPublishedToIt(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t, 0, redistest.Args("--cluster-require-full-coverage", "no"))
	c := redis.NewClusterClient(&redis.ClusterOptions{Addrs: cluster.Addrs()}) // is patient
	t.Cleanup(func() { _ = c.Close() })
	publisher := newPublisher(t, c, streams.PublisherConfig{})
	publishOne := func(topic string) error { return publisher.Publish(topic, message.NewMessage("1", nil)) }
	frozen := cluster.Shard(t, "a").Master
	other := "b"
	for cluster.Shard(t, other).Master == frozen {
		other += "b"
	}
	for _, topic := range []string{"a", other} {
		require.NoError(t, publishOne(topic)) // the connections are there
	}
	frozen.Pause(t)
	held := make(chan struct{})
	go func() {
		defer close(held)
		_ = publishOne("a")
	}()
	time.Sleep(50 * time.Millisecond) // for it to be on its way
	require.NoError(t, publishOne(other))
	select {
	case <-held:
		require.Fail(t, "the server answered while it was frozen")
	default:
	}
	frozen.Resume(t)
	<-held
}

// A process that only publishes has no subscription that would look for it.
func TestAPublisherFindsTheNewMasterOfTheCluster(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t, 1)
	topic := newTopic(t)
	publishers := map[string]*streams.Publisher{
		"plain": newPublisher(t, cluster.Client(t), streams.PublisherConfig{}),
		"keyed": newPublisher(t, cluster.Client(t), streams.PublisherConfig{IdempotencyKey: byUUID}),
	}
	for name, publisher := range publishers {
		require.NoError(t, publisher.Publish(topic, message.NewMessage(name, nil)))
	}
	shard := cluster.Shard(t, topic)
	shard.Master.Kill(t)
	for name, publisher := range publishers {
		_ = publisher.Publish(topic, message.NewMessage(name, nil)) // which finds out that the old one is away
	}
	cluster.AwaitPromotion(t, topic, shard.Master)
	for name, publisher := range publishers {
		eventually(t, func() bool { return publisher.Publish(topic, message.NewMessage(name+"again", nil)) == nil },
			"%s: the new master is not found", name)
	}
}

// publishOn publishes numbers from first on, each once and again until it is there,
// until stop is called, which returns how many there are.
func publishOn(t *testing.T, c redis.UniversalClient, topic string, first int) (stop func() int) {
	t.Helper()
	publisher := newPublisher(t, c, streams.PublisherConfig{IdempotencyKey: byUUID})
	done := make(chan struct{})
	var publishing sync.WaitGroup
	next := first
	publishing.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(2 * time.Millisecond):
			}
			if publisher.Publish(topic, message.NewMessage(strconv.Itoa(next), nil)) == nil {
				next++
			}
		}
	})
	stopOnce := sync.OnceFunc(func() { close(done); publishing.Wait() })
	t.Cleanup(stopOnce)
	return func() int { stopOnce(); return next }
}

// With Sentinel, the client finds the new master.
func TestASentinelsFailoverLosesNoWorkOnWhatTheReplicaHas(t *testing.T) {
	t.Parallel()
	const n = 1000
	master := redistest.Start(t)
	replica := master.Replica(t)
	sentinel := redistest.StartSentinel(t, master, replica)
	f, c := newFan(t), sentinel.FailoverClient(t)
	f.publish(t, c, fanInputs(n)...)
	replica.CatchUp(t, master)
	f.run(t, sentinel.FailoverClient(t))
	f.run(t, sentinel.FailoverClient(t))
	awaitLen(t, c, f.three.Topics()[0], n/5)
	master.Kill(t)
	sentinel.AwaitMaster(t, replica)
	require.Less(t, len(decoded(t, replica.Client(t), f.three.Topics()[0])), 2*n, "the master was killed too late")
	f.awaitIdle(t, c)
	f.requireOnce(t, replica.Client(t), n)
}

// A server that takes no writes, since it was made a replica, is waited for: none
// of its refusals is held against a message.
func TestWorkGoesOnWhenAReplicaIsPromoted(t *testing.T) {
	t.Parallel()
	const n = 20
	own, other := redistest.Start(t), redistest.Start(t)
	topic, c := newTopic(t), own.Client(t)
	preload(t, c, topic, n)
	publisher := newPublisher(t, c, streams.PublisherConfig{IdempotencyKey: byUUID})
	var said logs
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{Concurrency: n / 2, Logger: said.logger(), IdleTime: time.Second})
	working := make([]*message.Message, n/2)
	for i := range working {
		working[i] = receive(t, messages)
		require.NoError(t, publisher.Publish(topic+":out", out(working[i], working[i].UUID)))
	}
	other.Follow(t, own)
	other.Promote(t)
	own.Follow(t, other)

	for _, msg := range working {
		msg.Ack()
	}
	eventually(t, func() bool { return said.count("commit failed, trying again") > 0 }, "no commit was refused")
	eventually(t, func() bool { return said.count("reading failed, trying again") > 0 }, "no read was refused")
	require.True(t, redis.IsReadOnlyError(publisher.Publish(topic, message.NewMessage("late", nil))))
	require.Empty(t, decoded(t, c, topic+":out"))

	own.Promote(t)
	for range n / 2 {
		msg := receive(t, messages)
		require.Equal(t, 1, attempt(msg))
		require.NoError(t, publisher.Publish(topic+":out", out(msg, msg.UUID)))
		msg.Ack()
	}
	settled(t, c, topic)
	requireEachOnce(t, uuids(decoded(t, c, topic+":out")), n)
	require.NoError(t, publisher.Publish(topic, message.NewMessage("late", nil)))
	require.Zero(t, said.count("commit refused"))
}
