package pubsub_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/pubsub"
)

// endless is a MaxRedeliveries for outages of any length.
const endless = 1_000_000

// Redis of the durable side goes away and comes back in the middle of what is
// published. What was added to the stream although the reply was lost may be there
// twice, with one id. What is no number is poisoned, if late.
func TestAnOutageOfTheDurableSideLosesNothingThatFitsIntoTheBuffer(t *testing.T) {
	t.Parallel()
	for name, outage := range outages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := startIngest(t, pubsub.SubscriberConfig{Overflow: pubsub.Block, MaxRedeliveries: endless})
			const most = 900
			in.publish(t, 1, 300)
			outage.begin(in.keeper, t)
			in.publish(t, 301, 600)
			publish(t, in.teller, in.channel, "no number")
			in.heldUp(t)
			outage.end(in.keeper, t)
			in.publish(t, 601, most)
			stats := in.settled(t, most+1)

			require.EqualValues(t, most+1, stats.Acked)
			require.Zero(t, stats.Lost)
			times := in.different(t)
			require.Len(t, times, most)
			for _, payload := range numbers(1, most) {
				require.Contains(t, times, payload)
			}
			poisoned := different(t, kept(t, in.durable, in.poison))
			require.Len(t, poisoned, 1)
			require.Contains(t, poisoned, "no number")
		})
	}
}

// What the buffer has no room for is lost. Each message is in the stream, maybe twice
// with one id, or counted.
func TestWhatAnOutageOfTheDurableSideLosesIsCounted(t *testing.T) {
	t.Parallel()
	const buffer = 20
	for name, outage := range outages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := startIngest(t, pubsub.SubscriberConfig{Overflow: pubsub.DropOldest, Buffer: buffer, MaxRedeliveries: endless})
			const during, most = 300, 900
			in.publish(t, 1, 300)
			outage.begin(in.keeper, t)
			in.publish(t, 301, 600)
			in.heldUp(t)
			outage.end(in.keeper, t)
			in.publish(t, 601, most)
			stats := in.settled(t, most)

			require.Equal(t, pubsub.Lost{Overflow: stats.Lost.Total()}, stats.Lost)
			require.GreaterOrEqual(t, stats.Lost.Total(), uint64(during-buffer-1), "the buffer holds more than it should")
			require.EqualValues(t, most, uint64(len(in.different(t)))+stats.Lost.Total())
		})
	}
}

// A run that ends while the durable side is away says what it could not hand over.
func TestWhatARunCouldNotHandOverWhenItEndedIsCounted(t *testing.T) {
	t.Parallel()
	in := startIngest(t, pubsub.SubscriberConfig{Overflow: pubsub.Block, MaxRedeliveries: endless})
	in.publish(t, 1, 100)
	in.settled(t, 100)
	in.keeper.Kill(t)
	in.publish(t, 101, 150)
	in.heldUp(t)
	in.stop()
	in.keeper.Restart(t)
	stats := in.settled(t, 150)
	require.Equal(t, pubsub.Lost{Closed: 50}, stats.Lost)
	require.Len(t, in.different(t), 100)
}

// outages are ways in which a server can be away.
var outages = map[string]struct {
	begin, end func(*redistest.Server, testing.TB)
}{
	"killed": {(*redistest.Server).Kill, (*redistest.Server).Restart},
	"frozen": {(*redistest.Server).Pause, (*redistest.Server).Resume},
}

// ingesting is a bridge from a channel of one Redis to a stream of another.
type ingesting struct {
	live    *pubsub.Transport
	teller  *redis.Client     // of the Redis with the channel
	keeper  *redistest.Server // has the stream
	durable *redis.Client
	channel string
	stream  string
	poison  string
	stop    func()
}

func startIngest(t *testing.T, config pubsub.SubscriberConfig) *ingesting {
	t.Helper()
	in := &ingesting{teller: client(t), keeper: redistest.Start(t, redistest.AOF()), channel: newTopic()}
	in.durable = redis.NewClient(&redis.Options{
		Addr: in.keeper.Addr(), DialerRetries: 1, DialTimeout: time.Second, ReadTimeout: 100 * time.Millisecond,
	})
	t.Cleanup(func() { require.NoError(t, in.durable.Close()) })
	in.live = newLive(t, in.teller, pubsub.Config{Subscriber: config})
	p := newBridge()
	from := newAnnouncing(in.live)
	in.stream = pipeline.Ingest[int](p, "numbers", from, in.channel).Topics()[0]
	in.poison = p.PoisonTopic()
	in.stop = run(t, p, newDurable(t, in.durable))
	from.await(t)
	return in
}

// publish publishes the numbers from first to last on the channel.
func (in *ingesting) publish(t *testing.T, first, last int) {
	t.Helper()
	publisher := newPublisher(t, in.teller, pubsub.PublisherConfig{Envelope: true, RequireReceivers: true})
	require.NoError(t, publisher.Publish(in.channel, numbered(first, last)...))
}

// heldUp waits until the stream's server was asked in vain for a message.
func (in *ingesting) heldUp(t *testing.T) {
	t.Helper()
	before := statsOf(t, in.live).Redelivered
	eventually(t, func() bool { return statsOf(t, in.live).Redelivered > before }, "nothing is rejected")
}

// settled waits until so many messages came and none is under way, and returns the counts.
func (in *ingesting) settled(t *testing.T, received uint64) pubsub.Stats {
	t.Helper()
	eventually(t, func() bool {
		stats := statsOf(t, in.live)
		return stats.Received == received && stats.Held == 0
	}, "messages are under way")
	stats := statsOf(t, in.live)
	require.Zero(t, stats.Gaps)
	return stats
}

// different returns how often each message is in the stream.
func (in *ingesting) different(t *testing.T) map[string]int {
	t.Helper()
	return different(t, kept(t, in.durable, in.stream))
}
