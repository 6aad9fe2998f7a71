package middleware_test

import (
	"context"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/streams"
)

// server is a real Redis that the tests of this package share.
var server *redistest.Server

func TestMain(m *testing.M) {
	if os.Getenv(workerEnv) != "" {
		os.Exit(work())
	}
	os.Exit(redistest.Main(m, func(s *redistest.Server) { server = s }, stockReader))
}

// stockReader may go on for half a second after its subscriber was closed.
var stockReader = goleak.IgnoreAnyFunction("github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream.(*Subscriber).read")

const patience = 30 * time.Second

// world is a bare Watermill router on Redis streams with one handler, which reads
// in and publishes to out.
type world struct {
	t         *testing.T
	client    *redis.Client
	in, out   string
	publisher *streams.Publisher
}

func newWorld(t *testing.T) world {
	t.Helper()
	return newWorldOn(t, server)
}

func newWorldOn(t *testing.T, s *redistest.Server) world {
	t.Helper()
	w := world{t: t, client: s.Client(t)}
	w.in = "{" + strings.ReplaceAll(t.Name(), "/", ".") + watermill.NewShortUUID() + "}"
	w.out = w.in + "out"
	var err error
	w.publisher, err = streams.NewPublisher(w.client, streams.PublisherConfig{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = w.publisher.Close() })
	return w
}

// run runs a router with the handler until the test ends.
func (w world) run(handler message.HandlerFunc, middleware ...message.HandlerMiddleware) {
	w.t.Helper()
	w.runIn(streams.SubscriberConfig{}, handler, middleware...)
}

func (w world) runIn(config streams.SubscriberConfig, handler message.HandlerFunc, middleware ...message.HandlerMiddleware) {
	w.t.Helper()
	config.NackDelay, config.DrainTimeout = 20*time.Millisecond, time.Second
	config.Logger = slog.New(slog.DiscardHandler)
	subscriber, err := streams.NewSubscriber(w.client, "g", config)
	require.NoError(w.t, err)
	publisher, err := streams.NewPublisher(w.client, streams.PublisherConfig{}) // the router closes it
	require.NoError(w.t, err)
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: 5 * time.Second}, watermill.NopLogger{})
	require.NoError(w.t, err)
	router.AddHandler("handler", w.in, subscriber, w.out, publisher, handler).AddMiddleware(middleware...)
	ended := make(chan error, 1)
	go func() { ended <- router.Run(context.Background()) }()
	w.t.Cleanup(func() {
		require.NoError(w.t, router.Close())
		require.NoError(w.t, <-ended)
	})
}

// publish adds messages whose UUIDs and payloads are ids.
func (w world) publish(ids ...string) {
	w.t.Helper()
	for _, id := range ids {
		require.NoError(w.t, w.publisher.Publish(w.in, message.NewMessage(id, message.Payload(id))))
	}
}

// settled waits until everything that was published is settled.
func (w world) settled() {
	w.t.Helper()
	require.Eventually(w.t, func() bool {
		groups, err := w.client.XInfoGroups(context.Background(), w.in).Result()
		return err == nil && len(groups) == 1 && groups[0].Pending == 0 && groups[0].Lag == 0
	}, patience, 2*time.Millisecond)
}

// published returns the UUIDs of the messages in a topic.
func (w world) published(topic string) []string {
	w.t.Helper()
	ids := []string{}
	for _, msg := range w.messages(topic) {
		ids = append(ids, msg.UUID)
	}
	return ids
}

func (w world) messages(topic string) []*message.Message {
	w.t.Helper()
	entries, err := w.client.XRange(context.Background(), topic, "-", "+").Result()
	require.NoError(w.t, err)
	var messages []*message.Message
	for _, e := range entries {
		msg, err := redisstream.DefaultMarshallerUnmarshaller{}.Unmarshal(e.Values)
		require.NoError(w.t, err)
		messages = append(messages, msg)
	}
	return messages
}

// output returns a message that is handed off together with in.
func output(in *message.Message, id string) *message.Message {
	return message.NewMessageWithContext(in.Context(), id, message.Payload(id))
}
