package middleware_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/sony/gobreaker/v2"
	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
)

// runOnce runs a router with the handler until stop is called.
func (w world) runOnce(config streams.SubscriberConfig, handler message.HandlerFunc, middleware ...message.HandlerMiddleware) (stop func()) {
	w.t.Helper()
	config.NackDelay, config.Logger = 20*time.Millisecond, slog.New(slog.DiscardHandler)
	subscriber, err := streams.NewSubscriber(w.client, "g", config)
	require.NoError(w.t, err)
	publisher, err := streams.NewPublisher(w.client, streams.PublisherConfig{}) // the router closes it
	require.NoError(w.t, err)
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: patience}, watermill.NopLogger{})
	require.NoError(w.t, err)
	router.AddHandler("handler", w.in, subscriber, w.out, publisher, handler).AddMiddleware(middleware...)
	ended := make(chan error, 1)
	go func() { ended <- router.Run(context.Background()) }()
	<-router.Running()
	return sync.OnceFunc(func() {
		require.NoError(w.t, router.Close())
		require.NoError(w.t, <-ended)
	})
}

// attempts notes at which attempt each message was handled.
type attempts struct {
	mu sync.Mutex
	of map[string][]int
}

func (a *attempts) note(msg *message.Message) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.of == nil {
		a.of = map[string][]int{}
	}
	a.of[msg.UUID] = append(a.of[msg.UUID], handoff.FromContext(msg.Context()).Attempt)
}

func (a *attempts) echo(msg *message.Message) ([]*message.Message, error) {
	a.note(msg)
	return echo(msg)
}

func TestAKeyThatIsUsedUpLetsTheOthersPass(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tenant := func(msg *message.Message) string {
		name, _, _ := strings.Cut(msg.UUID, "/")
		return name
	}
	w.publish("hot/1", "hot/2", "hot/3", "a/1", "hot/4", "b/1", "c/1")
	stop := w.runOnce(streams.SubscriberConfig{}, echo,
		middleware.RateLimit{Limiter: perProcess(t, rate.Every(time.Hour), 1), Key: tenant}.Middleware)
	require.Eventually(t, func() bool { return len(w.published(w.out)) == 4 }, patience, 2*time.Millisecond)
	stop()
	require.Equal(t, []string{"hot/1", "a/1", "b/1", "c/1"}, w.published(w.out))
	require.Equal(t, int64(3), w.client.XPending(t.Context(), w.in, "g").Val().Count, "the others are put aside, not lost")
}

func TestALimitedKeyIsWorkedOffWithoutUsingUpAttempts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ids := []string{}
	for i := range 30 {
		ids = append(ids, "hot/"+string(rune('a'+i)))
	}
	w.publish(ids...)
	var limited atomic.Int64
	limit := middleware.RateLimit{
		Limiter: perProcess(t, 50, 1), Key: constant("hot"), HoldUpTo: -1,
		OnLimited: func(*message.Message, time.Duration) { limited.Add(1) },
	}
	var seen attempts
	defer w.runOnce(streams.SubscriberConfig{Concurrency: 4}, seen.echo, limit.Middleware)()
	w.settled()
	require.ElementsMatch(t, ids, w.published(w.out))
	for id, at := range seen.of {
		require.Equal(t, []int{1}, at, "message %s", id)
	}
	require.GreaterOrEqual(t, limited.Load(), int64(20))
}

// Close does not wait for a token, and who comes next has the message.
func TestAMessageThatWaitsForATokenIsLeftToTheNextProcess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish("1", "2")
	waiting := make(chan struct{})
	var seen attempts
	stop := w.runOnce(streams.SubscriberConfig{DrainTimeout: patience}, seen.echo, middleware.RateLimit{
		Limiter:   perProcess(t, rate.Every(2*time.Second), 1),
		OnLimited: func(*message.Message, time.Duration) { close(waiting) },
	}.Middleware)
	<-waiting
	stop()
	require.Equal(t, []string{"1"}, w.published(w.out))
	defer w.runOnce(streams.SubscriberConfig{}, seen.echo)()
	w.settled()
	require.Equal(t, []string{"1", "2"}, w.published(w.out))
	require.Equal(t, map[string][]int{"1": {1}, "2": {1}}, seen.of)
}

// A bank is down for a while, and what was to be done is done when it is back.
func TestABreakerInAPipelineSparesTheMessagesTheirAttempts(t *testing.T) {
	t.Parallel()
	const orders, lanes = 100, 4
	transport, err := streams.NewTransport(server.Client(t), streams.Config{
		NackDelay: time.Millisecond, MaxNackDelay: 10 * time.Millisecond, Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	var opened, aside, failed, used atomic.Int64
	breaker := middleware.CircuitBreaker{
		Failures: 3, OpenFor: 150 * time.Millisecond,
		OnStateChange: func(_ string, _, to gobreaker.State) {
			if to == gobreaker.StateOpen {
				opened.Add(1)
			}
		},
	}
	countAside := func(next message.HandlerFunc) message.HandlerFunc {
		return func(msg *message.Message) ([]*message.Message, error) {
			made, err := next(msg)
			if _, ok := handoff.AsideOf(err); ok {
				aside.Add(1)
			}
			return made, err
		}
	}
	p := pipeline.New("breaker-"+watermill.NewShortUUID(), pipeline.Logger(slog.New(slog.DiscardHandler)))
	placed := pipeline.Source[int](p, "placed")
	charged := pipeline.Stage(placed, "charge", func(ctx context.Context, order int) (int, error) {
		if opened.Load() < 3 { // for as long as it takes to open, and two probes
			failed.Add(1)
			return 0, errDown
		}
		used.Add(int64(pipeline.Attempt(ctx) - 1))
		return order, nil
	}, pipeline.Concurrency(lanes), pipeline.MaxAttempts(10), pipeline.Use(countAside, breaker.Middleware))
	var done sync.Map
	pipeline.Sink(charged, "done", func(_ context.Context, order int) error {
		if _, twice := done.LoadOrStore(order, true); twice {
			return errors.New("twice")
		}
		return nil
	})
	publisher, err := pipeline.NewPublisher(placed, transport)
	require.NoError(t, err)
	for order := range orders {
		require.NoError(t, publisher.Publish(t.Context(), order))
	}
	require.NoError(t, publisher.Close())

	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx, transport) }()
	idle, giveUp := context.WithTimeout(ctx, patience)
	defer giveUp()
	require.NoError(t, p.WaitIdle(idle, transport))
	cancel()
	require.NoError(t, <-ended)

	for order := range orders {
		_, ok := done.Load(order)
		require.True(t, ok, "order %d", order)
	}
	require.Zero(t, server.Client(t).XLen(t.Context(), p.PoisonTopic()).Val())
	require.Positive(t, aside.Load())
	require.Equal(t, failed.Load(), used.Load(), "attempts are used up by calls that failed, and by nothing else")
	require.LessOrEqual(t, failed.Load(), int64(3+lanes-1+2), "what opened it, was under way then, and probed")
}
