package pubsub_test

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/pubsub"
	"github.com/millstream-go/millstream/streams"
)

// The process dies exactly between the publish and the acknowledgement: another
// takes the message over and publishes it again, as the same message.
func TestABroadcastThatACrashInterruptsIsRepeatedWithItsID(t *testing.T) {
	t.Parallel()
	const n, fatal = 30, "7"
	b := newBroadcasting(t)
	b.publish(t, n)
	startWorker(t, b.name, fatal).killed(t)
	eventually(t, func() bool { return byPayload(b.all())[fatal] == 1 }, "it was not published before the crash")
	require.Less(t, len(b.settled(t)), n, "the process outlived the message")
	pending, err := b.client.XPending(t.Context(), b.stream, "tell").Result()
	require.NoError(t, err)
	require.Positive(t, pending.Count, "it was not acknowledged")

	second := startWorker(t, b.name, "")
	b.expectAll(t, n)
	require.Equal(t, 2, b.settled(t)[fatal])
	second.interrupt(t)
}

func TestNoBroadcastIsMissingWhateverProcessDies(t *testing.T) {
	t.Parallel()
	const n, kills = 1500, 5
	b := newBroadcasting(t)
	b.publish(t, n)
	workers := []*worker{startWorker(t, b.name, ""), startWorker(t, b.name, "")}
	eventually(t, func() bool { return len(b.all()) > 0 }, "the workers do not work")
	killed := 0
	for ; killed < kills && len(b.all()) < n; killed++ {
		time.Sleep(rand.N(150 * time.Millisecond))
		victim := rand.IntN(len(workers))
		workers[victim].kill()
		workers[victim] = startWorker(t, b.name, "")
	}
	require.Positive(t, killed)
	early := len(b.all())
	b.expectAll(t, n)
	t.Logf("killed %d processes; of %d messages, %d had been heard by then, and all were %d times", killed, n, early, len(b.all()))
	for _, w := range workers {
		w.interrupt(t)
	}
}

// broadcasting is a pipeline that worker processes run, and what is heard of it.
type broadcasting struct {
	*hearing
	*pipeline.Pipeline
	client *redis.Client
	name   string
	stream string
	// origins are the ids of what was published into the stream, by payload.
	origins map[string]string
}

func newBroadcasting(t *testing.T) *broadcasting {
	t.Helper()
	b := &broadcasting{client: client(t), name: "broadcast-" + watermill.NewShortUUID(), origins: map[string]string{}}
	p, numbers := composeBroadcast(b.name, newLive(t, b.client, pubsub.Config{}))
	b.Pipeline, b.stream = p, numbers.Topics()[0]
	b.hearing = hear(t, b.client, told(b.name))
	return b
}

// publish publishes the numbers up to n into the stream.
func (b *broadcasting) publish(t *testing.T, n int) {
	t.Helper()
	publisher, err := streams.NewPublisher(b.client, streams.PublisherConfig{})
	require.NoError(t, err)
	messages := numbered(1, n)
	for _, msg := range messages {
		b.origins[string(msg.Payload)] = msg.UUID
	}
	require.NoError(t, publisher.Publish(b.stream, messages...))
	require.NoError(t, publisher.Close())
}

// expectAll waits until the pipeline is done, and expects that each number up to n was
// heard, always as the same message, and nothing that was not published.
func (b *broadcasting) expectAll(t *testing.T, n int) {
	t.Helper()
	idle(t, b.Pipeline, newDurable(t, b.client))
	times := b.await(t, n)
	require.Len(t, times, n)
	for i := 1; i <= n; i++ {
		require.Positive(t, times[strconv.Itoa(i)], "%d is missing", i)
	}
	for _, msg := range b.all() {
		require.Equal(t, b.origins[string(msg.Payload)], msg.Metadata[keyOrigin])
	}
	require.Zero(t, b.client.Exists(t.Context(), b.PoisonTopic()).Val(), "messages were poisoned")
}
