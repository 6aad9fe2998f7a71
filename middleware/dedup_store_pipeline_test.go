package middleware_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/pipeline"
)

// inPipeline publishes the numbers 1, 2 and 3 to each of two flows without a handoff,
// which one stage reads, and returns how often it ran.
func inPipeline(t *testing.T, store *middleware.MemoryStore, chain, stage message.HandlerMiddleware) int {
	t.Helper()
	channel := gochannel.NewGoChannel(gochannel.Config{Persistent: true}, watermill.NopLogger{})
	transport := pipeline.Watermill(channel, func(string) (message.Subscriber, error) { return channel, nil })
	p := pipeline.New("numbers", pipeline.Logger(slog.New(slog.DiscardHandler)), pipeline.Chain(func(c *middleware.Chain) { c.Dedup = chain }))
	one, other := pipeline.Source[int](p, "one"), pipeline.Source[int](p, "other")
	runs := make(chan int, 20)
	pipeline.Sink(pipeline.Merge(one, other), "count", func(_ context.Context, n int) error {
		runs <- n
		return nil
	}, pipeline.Use(stage))
	for _, flow := range []pipeline.Flow[int]{one, other} {
		publisher, err := pipeline.NewPublisher(flow, transport)
		require.NoError(t, err)
		require.NoError(t, publisher.Publish(t.Context(), 1, 2, 3))
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	require.NoError(t, p.Run(ctx, transport))
	require.NoError(t, store.Close())
	require.NoError(t, channel.Close())
	return len(runs)
}

func none(next message.HandlerFunc) message.HandlerFunc { return next }

// The chain of a pipeline has a Dedup, and a stage uses it once more. A stage on merged
// flows has a scope for each, if it is not given one.
func TestDedupWithAStoreInAPipeline(t *testing.T) {
	t.Parallel()
	byPayload := func(msg *message.Message) string { return string(msg.Payload) }
	for name, c := range map[string]struct {
		scope        string
		chain, stage bool
		want         int
	}{
		"in the chain":                 {chain: true, want: 6},
		"in the chain and the stage":   {chain: true, stage: true, want: 6},
		"with one scope for the flows": {stage: true, scope: "count", want: 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store := middleware.NewMemoryStore()
				dedup := middleware.Dedup{Store: store, Key: byPayload, Scope: c.scope}.Middleware
				chain, stage := none, none
				if c.chain {
					chain = dedup
				}
				if c.stage {
					stage = dedup
				}
				require.Equal(t, c.want, inPipeline(t, store, chain, stage))
				require.Equal(t, c.want, store.Len(), "a mark for each")
			})
		})
	}
}
