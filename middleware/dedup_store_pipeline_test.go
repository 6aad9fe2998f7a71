package middleware_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/pipeline"
)

// inPipeline publishes the numbers 1, 2 and 3 to each of two flows without a handoff,
// which one stage reads, and returns how often it ran when all messages were handled or
// dropped.
func inPipeline(t *testing.T, dedup middleware.Dedup, inChain, inStage bool) int {
	t.Helper()
	const messages = 6
	over := make(chan bool, 2*messages) // whether it ran
	dedup.OnDuplicate = func(*message.Message) { over <- false }
	around := func(here bool) message.HandlerMiddleware {
		if here {
			return dedup.Middleware
		}
		return func(next message.HandlerFunc) message.HandlerFunc { return next }
	}
	channel := gochannel.NewGoChannel(gochannel.Config{Persistent: true}, watermill.NopLogger{})
	transport := pipeline.Watermill(channel, func(string) (message.Subscriber, error) { return channel, nil })
	p := pipeline.New("numbers", pipeline.Logger(slog.New(slog.DiscardHandler)),
		pipeline.Chain(func(c *middleware.Chain) { c.Dedup = around(inChain) }))
	one, other := pipeline.Source[int](p, "one"), pipeline.Source[int](p, "other")
	pipeline.Sink(pipeline.Merge(one, other), "count", func(context.Context, int) error {
		over <- true
		return nil
	}, pipeline.Use(around(inStage)))
	for _, flow := range []pipeline.Flow[int]{one, other} {
		publisher, err := pipeline.NewPublisher(flow, transport)
		require.NoError(t, err)
		require.NoError(t, publisher.Publish(t.Context(), 1, 2, 3))
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx, transport) }()
	require.Eventually(t, func() bool { return len(over) == messages }, patience, time.Millisecond)
	stop()
	require.NoError(t, <-ended)
	require.NoError(t, channel.Close())
	runs := 0
	for range len(over) {
		if <-over {
			runs++
		}
	}
	return runs
}

// The chain of a pipeline has a Dedup, and a stage uses it once more. A stage on merged
// flows has a scope for each, if it is not given one.
func TestDedupWithAStoreInAPipeline(t *testing.T) {
	t.Parallel()
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
			store := middleware.NewMemoryStore()
			dedup := middleware.Dedup{
				Store: store, Scope: c.scope, RecheckAfter: time.Millisecond,
				Key: func(msg *message.Message) string { return string(msg.Payload) },
			}
			require.Equal(t, c.want, inPipeline(t, dedup, c.chain, c.stage))
			require.NoError(t, store.Close())
			require.Equal(t, c.want, store.Len(), "a mark for each")
		})
	}
}
