package streams_test

import (
	"context"
	"sync"
	"testing"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/streams"
)

// beforePipeline is a hook that is called before every pipeline.
type beforePipeline func()

func (beforePipeline) DialHook(next redis.DialHook) redis.DialHook { return next }

func (beforePipeline) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (f beforePipeline) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		f()
		return next(ctx, cmds)
	}
}

// A lone caller sends for itself. What others publish meanwhile waits for it, and may be
// taken back until then.
func TestPublishingGoesOnAfterALoneCaller(t *testing.T) {
	t.Parallel()
	c := server.Client(t)
	topic := watermill.NewUUID()
	began, goOn := make(chan struct{}), make(chan struct{})
	begin := sync.OnceFunc(func() { close(began) })
	c.AddHook(beforePipeline(func() {
		begin()
		<-goOn
	}))
	p, err := streams.NewPublisher(c, streams.PublisherConfig{})
	require.NoError(t, err)
	publish := func(ctx context.Context, id string) <-chan error {
		done := make(chan error, 1)
		go func() { done <- p.Publish(topic, message.NewMessageWithContext(ctx, id, nil)) }()
		return done
	}
	first := publish(context.Background(), "first")
	<-began
	ctx, cancel := context.WithCancel(t.Context())
	takenBack, second, third := publish(ctx, "taken back"), publish(t.Context(), "second"), publish(context.Background(), "third")
	cancel()
	require.ErrorIs(t, <-takenBack, context.Canceled)
	for _, waits := range []<-chan error{first, second, third} {
		require.Empty(t, waits)
	}
	close(goOn)
	for _, done := range []<-chan error{first, second, third} {
		require.NoError(t, <-done)
	}
	require.NoError(t, p.Close())
	entries, err := c.XRange(t.Context(), topic, "-", "+").Result()
	require.NoError(t, err)
	require.Len(t, entries, 3)
	require.Equal(t, "first", entries[0].Values["_watermill_message_uuid"])
	require.Empty(t, unwanted(entries, "taken back"))
}

func unwanted(entries []redis.XMessage, id string) (found []string) {
	for _, e := range entries {
		if e.Values["_watermill_message_uuid"] == id {
			found = append(found, e.ID)
		}
	}
	return found
}

// A hook of the client is others' code: what it does must not stop publishing for good.
func TestPublishingGoesOnAfterAPanicOfAHook(t *testing.T) {
	t.Parallel()
	c := server.Client(t)
	topic := watermill.NewUUID()
	panics := true
	c.AddHook(beforePipeline(func() {
		if panics {
			panics = false
			panic("broken hook")
		}
	}))
	p, err := streams.NewPublisher(c, streams.PublisherConfig{})
	require.NoError(t, err)
	require.Panics(t, func() { _ = p.Publish(topic, message.NewMessage("1", nil)) })
	require.NoError(t, p.Publish(topic, message.NewMessage("2", nil)))
	require.NoError(t, p.Close())
	require.EqualValues(t, 1, c.XLen(t.Context(), topic).Val())
}
