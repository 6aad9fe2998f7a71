package middleware_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/middleware/redisstore"
)

// Two processes read with the stock subscriber of watermill-redisstream, which has no
// handoff, and share a store.
func TestDedupOnStockWatermill(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ids := []string{"1", "2", "fails once", "3"}
	for range 3 {
		w.publish(ids...)
	}
	var mu sync.Mutex
	runs := map[string]int{}
	handler := func(msg *message.Message) ([]*message.Message, error) {
		mu.Lock()
		defer mu.Unlock()
		runs[msg.UUID]++
		if msg.UUID == "fails once" && runs[msg.UUID] == 1 {
			return nil, errHiccup
		}
		return echo(msg)
	}
	for range 2 {
		w.runStock(handler)
	}
	w.settled()
	require.ElementsMatch(t, ids, w.published(w.out))
	require.Equal(t, map[string]int{"1": 1, "2": 1, "fails once": 2, "3": 1}, runs)
}

// runStock runs a router on the stock publisher and subscriber until the test ends.
func (w world) runStock(handler message.HandlerFunc) {
	w.t.Helper()
	client := redis.NewClient(&redis.Options{Addr: server.Addr()}) // the subscriber closes it
	subscriber, err := redisstream.NewSubscriber(redisstream.SubscriberConfig{
		Client: client, ConsumerGroup: "g", BlockTime: 10 * time.Millisecond, DisableIndefiniteInitialBlock: true,
	}, watermill.NopLogger{})
	require.NoError(w.t, err)
	publisher, err := redisstream.NewPublisher(redisstream.PublisherConfig{Client: w.client}, watermill.NopLogger{})
	require.NoError(w.t, err)
	store, err := redisstore.NewDedup(w.client, redisstore.DedupConfig{Prefix: w.in})
	require.NoError(w.t, err)
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: 5 * time.Second}, watermill.NopLogger{})
	require.NoError(w.t, err)
	dedup := middleware.Dedup{Store: store, RecheckAfter: 20 * time.Millisecond}
	router.AddHandler("handler", w.in, subscriber, w.out, keptOpen{publisher}, handler).AddMiddleware(dedup.Middleware)
	ended := make(chan error, 1)
	go func() { ended <- router.Run(context.Background()) }()
	w.t.Cleanup(func() {
		require.NoError(w.t, router.Close())
		require.NoError(w.t, <-ended)
	})
}

// keptOpen is a publisher whose client is closed by who made it.
type keptOpen struct{ message.Publisher }

func (keptOpen) Close() error { return nil }
