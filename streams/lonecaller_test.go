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

// A lone caller sends for itself. What others publish meanwhile waits for it, goes
// together after it, and may be taken back until then.
func TestPublishingGoesOnAfterALoneCaller(t *testing.T) {
	t.Parallel()
	c := server.Client(t)
	topic := watermill.NewUUID()
	began, goOn := make(chan struct{}), make(chan struct{})
	begin := sync.OnceFunc(func() { close(began) })
	c.AddHook(aroundProcess(func(cmd redis.Cmder, next func() error) error {
		if cmd.Name() == "xadd" {
			begin()
			<-goOn
		}
		return next()
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
