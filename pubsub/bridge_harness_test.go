package pubsub_test

import (
	"context"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/pubsub"
	"github.com/millstream-go/millstream/streams"
)

var quiet = slog.New(slog.DiscardHandler)

// newBridge returns an empty pipeline, whose name no other test has.
func newBridge() *pipeline.Pipeline {
	return pipeline.New("bridge-"+watermill.NewShortUUID(), pipeline.Logger(quiet))
}

// newLive returns the side of a bridge that only those who listen hear of.
func newLive(t testing.TB, c redis.UniversalClient, config pubsub.Config) *pubsub.Transport {
	t.Helper()
	config.Subscriber.Logger = quiet
	transport, err := pubsub.NewTransport(c, config)
	require.NoError(t, err)
	return transport
}

// newDurable returns the side of a bridge that keeps messages, all of them.
func newDurable(t testing.TB, c redis.UniversalClient) *streams.Transport {
	t.Helper()
	transport, err := streams.NewTransport(c, streams.Config{KeepHistory: true, Logger: quiet})
	require.NoError(t, err)
	return transport
}

// run runs a pipeline until stop is called, or the test ends.
func run(t testing.TB, p *pipeline.Pipeline, durable pipeline.Transport, options ...pipeline.RunOption) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx, durable, options...) }()
	stopped := false
	stop = func() {
		if cancel(); !stopped {
			stopped = true
			require.NoError(t, <-ended)
		}
	}
	t.Cleanup(stop)
	return stop
}

// announcing is a transport that tells of each subscription that has begun: what is
// published from then on comes.
type announcing struct {
	pipeline.Transport
	begun chan struct{}
}

func newAnnouncing(of pipeline.Transport) announcing {
	return announcing{of, make(chan struct{}, 10)}
}

func (a announcing) Subscriber(s pipeline.Subscription) (message.Subscriber, error) {
	subscriber, err := a.Transport.Subscriber(s)
	return announcingSubscriber{subscriber, a.begun}, err
}

// await waits for a subscription.
func (a announcing) await(t testing.TB) {
	t.Helper()
	select {
	case <-a.begun:
	case <-time.After(patience):
		require.Fail(t, "nobody subscribed")
	}
}

type announcingSubscriber struct {
	message.Subscriber
	begun chan<- struct{}
}

func (a announcingSubscriber) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	messages, err := a.Subscriber.Subscribe(ctx, topic)
	if err == nil {
		a.begun <- struct{}{}
	}
	return messages, err
}

// idle waits until a pipeline has nothing left to do in any process.
func idle(t testing.TB, p *pipeline.Pipeline, durable pipeline.Transport) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, p.WaitIdle(ctx, durable))
}

// keyOrigin is metadata with the id that a test gave a message, which bridges carry on.
const keyOrigin = "origin"

// numbered returns messages whose payloads are the numbers from first to last.
func numbered(first, last int) (messages []*message.Message) {
	for _, payload := range numbers(first, last) {
		msg := message.NewMessage(watermill.NewUUID(), []byte(payload))
		msg.Metadata.Set(keyOrigin, msg.UUID)
		messages = append(messages, msg)
	}
	return messages
}

// kept returns what is in a stream, in order.
func kept(t testing.TB, c *redis.Client, stream string) (messages []*message.Message) {
	t.Helper()
	entries, err := c.XRange(t.Context(), stream, "-", "+").Result()
	require.NoError(t, err)
	for _, entry := range entries {
		msg, err := redisstream.DefaultMarshallerUnmarshaller{}.Unmarshal(entry.Values)
		require.NoError(t, err)
		messages = append(messages, msg)
	}
	return messages
}

// byPayload counts messages by payload.
func byPayload(messages []*message.Message) map[string]int {
	times := map[string]int{}
	for _, msg := range messages {
		times[string(msg.Payload)]++
	}
	return times
}

// different counts messages by payload, and expects one id for each payload and
// one payload for each id, however often it is there.
func different(t testing.TB, messages []*message.Message) map[string]int {
	t.Helper()
	ids, payloads := map[string]string{}, map[string]string{}
	for _, msg := range messages {
		payload := string(msg.Payload)
		if id, ok := ids[payload]; ok {
			require.Equal(t, id, msg.UUID, "%s has two ids", payload)
		}
		if other, ok := payloads[msg.UUID]; ok {
			require.Equal(t, other, payload, "two messages have the id %s", msg.UUID)
		}
		ids[payload], payloads[msg.UUID] = msg.UUID, payload
	}
	return byPayload(messages)
}

// once is the count of messages that are each there once.
func once(first, last int) map[string]int {
	times := map[string]int{}
	for i := first; i <= last; i++ {
		times[strconv.Itoa(i)] = 1
	}
	return times
}
