package streams_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/streams"
)

// patience is how long a test waits for what must happen. It is long because
// machines stall; nothing waits for it when all is well.
const patience = 30 * time.Second

// newTopic returns a topic that no other test uses. The braces put the keys
// beside it in one slot, as a pipeline's are.
func newTopic(t testing.TB) string {
	t.Helper()
	return "{" + strings.ReplaceAll(t.Name(), "/", ".") + "-" + watermill.NewShortUUID() + "}"
}

func newPublisher(t testing.TB, c redis.UniversalClient, config streams.PublisherConfig) *streams.Publisher {
	t.Helper()
	p, err := streams.NewPublisher(c, config)
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func newSubscriber(t testing.TB, c redis.UniversalClient, config streams.SubscriberConfig) *streams.Subscriber {
	t.Helper()
	if config.DrainTimeout == 0 {
		// A test that failed must not wait for its messages.
		config.DrainTimeout = 500 * time.Millisecond
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	s, err := streams.NewSubscriber(c, "g", config)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// subscribe subscribes as a consumer of group "g".
func subscribe(t testing.TB, c redis.UniversalClient, topic string, config streams.SubscriberConfig) (<-chan *message.Message, *streams.Subscriber) {
	t.Helper()
	s := newSubscriber(t, c, config)
	messages, err := s.Subscribe(context.Background(), topic)
	require.NoError(t, err)
	return messages, s
}

// publish publishes a message with each of the payloads as its UUID, too.
func publish(t testing.TB, c redis.UniversalClient, topic string, payloads ...string) {
	t.Helper()
	messages := make([]*message.Message, len(payloads))
	for i, p := range payloads {
		messages[i] = message.NewMessage(p, message.Payload(p))
	}
	require.NoError(t, newPublisher(t, c, streams.PublisherConfig{}).Publish(topic, messages...))
}

// receive returns the next message.
func receive(t testing.TB, messages <-chan *message.Message) *message.Message {
	t.Helper()
	select {
	case msg, ok := <-messages:
		require.True(t, ok, "the subscription has ended")
		return msg
	case <-time.After(patience):
		require.FailNow(t, "no message")
		return nil
	}
}

// receiveNothing fails when a message comes within d.
func receiveNothing(t testing.TB, messages <-chan *message.Message, d time.Duration) {
	t.Helper()
	select {
	case msg, ok := <-messages:
		if ok {
			require.FailNow(t, "a message came", "%s", msg.UUID)
		}
	case <-time.After(d):
	}
}

// out returns an output that is staged with the delivery of in.
func out(in *message.Message, uuid string) *message.Message {
	return message.NewMessageWithContext(in.Context(), uuid, message.Payload(uuid))
}

// attempt returns which delivery of its entry a message is.
func attempt(msg *message.Message) int { return handoff.FromContext(msg.Context()).Attempt }

// eventually waits until the condition holds.
func eventually(t testing.TB, condition func() bool, what string, args ...any) {
	t.Helper()
	require.Eventuallyf(t, condition, patience, 2*time.Millisecond, what, args...)
}

// decoded returns the messages in a stream, read by the stock unmarshaller.
func decoded(t testing.TB, c redis.UniversalClient, topic string) []*message.Message {
	t.Helper()
	entries, err := c.XRange(context.Background(), topic, "-", "+").Result()
	require.NoError(t, err)
	messages := make([]*message.Message, len(entries))
	for i, e := range entries {
		messages[i], err = redisstream.DefaultMarshallerUnmarshaller{}.Unmarshal(e.Values)
		require.NoError(t, err)
	}
	return messages
}

func uuids(messages []*message.Message) []string {
	ids := make([]string, len(messages))
	for i, m := range messages {
		ids[i] = m.UUID
	}
	return ids
}

// pendingOf returns how many entries the group's consumers hold.
func pendingOf(t testing.TB, c redis.UniversalClient, topic string) map[string]int64 {
	t.Helper()
	summary, err := c.XPending(context.Background(), topic, "g").Result()
	require.NoError(t, err)
	return summary.Consumers
}

// settled waits until nothing of the group is pending.
func settled(t testing.TB, c redis.UniversalClient, topic string) {
	t.Helper()
	eventually(t, func() bool { return len(pendingOf(t, c, topic)) == 0 }, "something stays pending")
}

// die reads n entries as a consumer that does not come back.
func die(t testing.TB, c redis.UniversalClient, topic string, n int) {
	t.Helper()
	ctx := context.Background()
	err := c.XGroupCreateMkStream(ctx, topic, "g", "0").Err()
	if err != nil && !redis.HasErrorPrefix(err, "BUSYGROUP") {
		require.NoError(t, err)
	}
	read, err := c.XReadGroup(ctx, &redis.XReadGroupArgs{
		Group: "g", Consumer: "dead", Streams: []string{topic, ">"}, Count: int64(n), Block: -1,
	}).Result()
	require.NoError(t, err)
	require.Len(t, read[0].Messages, n)
}

// logs keeps what is logged.
type logs struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logs) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// count returns how many times a text was logged.
func (l *logs) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), text)
}

// all returns what was logged.
func (l *logs) all() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// contains matches requests that contain all of the texts.
func contains(texts ...string) func([]byte) bool {
	return func(request []byte) bool {
		request = bytes.ToLower(request)
		for _, text := range texts {
			if !bytes.Contains(request, bytes.ToLower([]byte(text))) {
				return false
			}
		}
		return true
	}
}

var discard = slog.New(slog.DiscardHandler)

// shortIdle is an idle time for tests that wait for it to pass.
const shortIdle = 100 * time.Millisecond
