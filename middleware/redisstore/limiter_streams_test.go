package redisstore_test

import (
	"context"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/middleware/redisstore"
	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
)

var quiet = slog.New(slog.DiscardHandler)

// handled notes how often each message was handled, in whatever process.
type handled struct {
	mu  sync.Mutex
	ids []string
}

func (h *handled) handle(msg *message.Message) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ids = append(h.ids, msg.UUID)
	return nil
}

func (h *handled) all() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Sorted(slices.Values(h.ids))
}

// publish adds n messages to a topic and returns their ids.
func publish(t *testing.T, client redis.UniversalClient, topic string, n int) []string {
	t.Helper()
	publisher, err := streams.NewPublisher(client, streams.PublisherConfig{})
	require.NoError(t, err)
	ids := []string{}
	for i := range n {
		ids = append(ids, strconv.Itoa(1000+i))
		require.NoError(t, publisher.Publish(topic, message.NewMessage(ids[i], nil)))
	}
	require.NoError(t, publisher.Close())
	return ids
}

// runRouter runs a router with a client of its own, as another process would.
func runRouter(t *testing.T, topic string, handler message.NoPublishHandlerFunc, use ...message.HandlerMiddleware) {
	t.Helper()
	subscriber, err := streams.NewSubscriber(server.Client(t), "g", streams.SubscriberConfig{Concurrency: 3, Logger: quiet})
	require.NoError(t, err)
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: patience}, watermill.NopLogger{})
	require.NoError(t, err)
	router.AddConsumerHandler("handler", topic, subscriber, handler).AddMiddleware(use...)
	ended := make(chan error, 1)
	go func() { ended <- router.Run(context.Background()) }()
	<-router.Running()
	t.Cleanup(func() {
		require.NoError(t, router.Close())
		require.NoError(t, <-ended)
	})
}

// The handlers of all processes together keep to the limit, held in their places or
// put aside: n messages take as long, by the server's clock, as n tokens do.
func TestHandlersInSeveralProcessesKeepToOneLimit(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]func(*message.Message) string{
		"of the handler": nil,
		"of a key":       func(*message.Message) string { return "bank" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const routers, messages, perSecond, burst = 4, 120, 100, 10
			topic := "{" + newPrefix(t) + "}"
			client := server.Client(t)
			ids := publish(t, client, topic, messages)
			config := redisstore.LimiterConfig{Rate: perSecond, Burst: burst, Prefix: newPrefix(t)}
			start := now(t, client)
			var done handled
			for range routers {
				limit := middleware.RateLimit{Limiter: newLimiter(t, server.Client(t), config), Key: key, HoldUpTo: 5 * time.Millisecond}
				runRouter(t, topic, done.handle, limit.Middleware)
			}
			require.Eventually(t, func() bool { return len(done.all()) >= messages }, patience, time.Millisecond)
			took := now(t, client).Sub(start)
			require.Equal(t, ids, done.all())
			require.GreaterOrEqual(t, took, (messages-burst)*time.Second/perSecond)
		})
	}
}

// While the limiter's Redis is away nothing runs, nothing is lost, and no attempt is
// used up.
func TestMessagesWaitForALimiterWhoseRedisIsAway(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t)
	limiter := newLimiter(t, own.Client(t), redisstore.LimiterConfig{Rate: 1000, Burst: 10})
	own.Kill(t)

	transport, err := streams.NewTransport(server.Client(t), streams.Config{Logger: quiet})
	require.NoError(t, err)
	failing := make(chan struct{})
	limit := middleware.RateLimit{Limiter: limiter, OnError: onFirst(failing)}
	p := pipeline.New("away-"+watermill.NewShortUUID(), pipeline.Logger(quiet))
	orders := pipeline.Source[int](p, "orders")
	var mu sync.Mutex
	var attempts []int
	pipeline.Sink(orders, "charge", func(ctx context.Context, _ int) error {
		mu.Lock()
		defer mu.Unlock()
		attempts = append(attempts, pipeline.Attempt(ctx))
		return nil
	}, pipeline.MaxAttempts(1), pipeline.Use(limit.Middleware))
	publisher, err := pipeline.NewPublisher(orders, transport)
	require.NoError(t, err)
	require.NoError(t, publisher.Publish(t.Context(), 1, 2, 3))
	require.NoError(t, publisher.Close())

	run := func() (stop func()) {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- p.Run(ctx, transport) }()
		return func() {
			cancel()
			require.NoError(t, <-ended)
		}
	}
	stop := run()
	<-failing
	stop() // a message that waits does not keep the process from ending
	require.Empty(t, attempts)

	stop = run()
	own.Restart(t)
	idle, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, p.WaitIdle(idle, transport))
	stop()
	require.Equal(t, []int{1, 1, 1}, attempts)
	require.Zero(t, server.Client(t).XLen(t.Context(), p.PoisonTopic()).Val())
}

// onFirst returns a hook that closes a channel at the first error.
func onFirst(failing chan struct{}) func(*message.Message, error) {
	first := sync.OnceFunc(func() { close(failing) })
	return func(*message.Message, error) { first() }
}

// Two stages with one limiter have tokens of their own.
func TestStagesWithOneLimiterDoNotShareTokens(t *testing.T) {
	t.Parallel()
	client := server.Client(t)
	transport, err := streams.NewTransport(client, streams.Config{Logger: quiet})
	require.NoError(t, err)
	limiter := newLimiter(t, client, redisstore.LimiterConfig{Rate: rate.Every(time.Hour)})
	p := pipeline.New("shared-"+watermill.NewShortUUID(), pipeline.Logger(quiet), pipeline.Use(middleware.RateLimit{Limiter: limiter}.Middleware))
	orders := pipeline.Source[int](p, "orders")
	ran := make(chan string, 10)
	for _, name := range []string{"ship", "receipt"} {
		pipeline.Sink(orders, name, func(context.Context, int) error {
			ran <- name
			return nil
		})
	}
	publisher, err := pipeline.NewPublisher(orders, transport)
	require.NoError(t, err)
	require.NoError(t, publisher.Publish(t.Context(), 1, 2))
	require.NoError(t, publisher.Close())
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx, transport) }()
	require.ElementsMatch(t, []string{"ship", "receipt"}, []string{<-ran, <-ran})
	cancel()
	require.NoError(t, <-ended)
	require.Empty(t, ran, "the second message waits for an hour")
}
