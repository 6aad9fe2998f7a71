package redisstore_test

import (
	"context"
	"strconv"
	"testing"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/middleware/redisstore"
)

// The router, then the store, then the client: every message that was acknowledged is
// marked.
func TestClosedInOrderNoMarkIsLost(t *testing.T) {
	t.Parallel()
	const messages = 50
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	prefix := newPrefix(t)
	store, err := redisstore.NewDedup(client, redisstore.DedupConfig{Prefix: prefix})
	require.NoError(t, err)
	channel := gochannel.NewGoChannel(gochannel.Config{}, watermill.NopLogger{})
	router, err := message.NewRouter(message.RouterConfig{}, watermill.NopLogger{})
	require.NoError(t, err)
	handled := make(chan struct{})
	router.AddConsumerHandler("h", "in", channel, func(*message.Message) error {
		handled <- struct{}{}
		return nil
	}).AddMiddleware(middleware.Dedup{Store: store}.Middleware)
	ended := make(chan error, 1)
	go func() { ended <- router.Run(context.Background()) }()
	<-router.Running()
	for n := range messages {
		require.NoError(t, channel.Publish("in", message.NewMessage(strconv.Itoa(n), nil)))
	}
	for range messages {
		<-handled
	}
	require.NoError(t, router.Close())
	require.NoError(t, <-ended)
	require.NoError(t, store.Close())
	require.NoError(t, client.Close())

	marks := 0
	for n := range messages {
		if server.Client(t).Get(t.Context(), prefix+"h:"+strconv.Itoa(n)).Val() == "done" {
			marks++
		}
	}
	require.Equal(t, messages, marks)
}

func TestClosingADedupThatWasNotMade(t *testing.T) {
	t.Parallel()
	for _, store := range []*redisstore.Dedup{nil, {}} {
		require.NoError(t, store.Close())
	}
}
