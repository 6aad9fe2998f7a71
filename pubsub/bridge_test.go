package pubsub_test

import (
	"context"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/pubsub"
	"github.com/millstream-go/millstream/streams"
)

// Two processes listen and take everything over; by the id in the envelope it is
// handled once, and what comes of it is told to who listens.
func TestWhatTwoProcessesIngestIsHandledOnceAndTold(t *testing.T) {
	t.Parallel()
	const n = 300
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	name, c := "bridge-"+watermill.NewShortUUID(), client(t)
	p, numbers := composeBridge(t, name, c)

	heard := c.Subscribe(ctx, name+".told")
	defer heard.Close()
	_, err := heard.Receive(ctx)
	require.NoError(t, err)
	var ended [2]chan error
	for i := range ended {
		transport, err := streams.NewTransport(client(t), streams.Config{KeepHistory: true, Logger: slog.New(slog.DiscardHandler)})
		require.NoError(t, err)
		ended[i] = make(chan error, 1)
		go func() { ended[i] <- p.Run(ctx, transport) }()
	}
	// What is no number is poisoned, by each process that hears of it.
	poisoned := int64(0)
	require.Eventually(t, func() bool {
		receivers, err := c.Publish(ctx, name+".in.raw", "no number").Result()
		poisoned += receivers
		return err == nil && receivers == 2
	}, patience, 10*time.Millisecond, "both do not listen")

	publisher, err := pubsub.NewPublisher(c, pubsub.PublisherConfig{Envelope: true})
	require.NoError(t, err)
	for i := range n {
		msg := message.NewMessage(watermill.NewUUID(), []byte(strconv.Itoa(i)))
		require.NoError(t, publisher.Publish(name+".in."+strconv.Itoa(i%3), msg))
	}

	seen := map[string]int{}
	for range n {
		msg, err := heard.ReceiveTimeout(ctx, patience)
		require.NoError(t, err)
		seen[msg.(*redis.Message).Payload]++
	}
	require.Len(t, seen, n)
	require.Eventually(t, func() bool {
		return c.XLen(ctx, p.PoisonTopic()).Val() == poisoned && c.XLen(ctx, numbers.Topics()[0]).Val() == 2*n
	}, patience, time.Millisecond, "each process takes everything over")
	cancel()
	for _, e := range ended {
		require.NoError(t, <-e)
	}
}

// composeBridge composes channels → stream, deduplicated → channel.
func composeBridge(t *testing.T, name string, c *redis.Client) (*pipeline.Pipeline, pipeline.Flow[int]) {
	t.Helper()
	live, err := pubsub.NewTransport(c, pubsub.Config{Subscriber: pubsub.SubscriberConfig{
		Patterns: true, Overflow: pubsub.Block, Logger: slog.New(slog.DiscardHandler),
	}})
	require.NoError(t, err)
	p := pipeline.New(name, pipeline.Logger(slog.New(slog.DiscardHandler)))
	numbers := pipeline.Ingest[int](p, "numbers", live, name+".in.*")
	once := pipeline.Stage(numbers, "once", func(_ context.Context, n int) (int, error) { return n, nil },
		pipeline.Chain(func(c *middleware.Chain) { c.Dedup = middleware.Dedup{}.Middleware }))
	pipeline.Broadcast(once, "tell", live, func(int) string { return name + ".told" })
	return p, numbers
}
