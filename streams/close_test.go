package streams_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/streams"
)

// closing closes s and returns a channel that is closed when Close has returned.
func closing(t testing.TB, s interface{ Close() error }) <-chan struct{} {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}()
	return done
}

func wait(t testing.TB, done <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(patience):
		require.FailNow(t, what)
	}
}

func TestCloseWaitsForTheHandlerAndCommitsItsOutput(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	publish(t, c, topic, "1", "2")
	messages, s := subscribe(t, c, topic, streams.SubscriberConfig{DrainTimeout: time.Minute})
	msg := receive(t, messages)
	closed := closing(t, s)
	select {
	case <-closed:
		require.Fail(t, "Close did not wait for the handler")
	case <-time.After(100 * time.Millisecond):
	}
	require.NoError(t, msg.Context().Err(), "the handler still works")
	require.NoError(t, newPublisher(t, c, streams.PublisherConfig{}).Publish(topic+"out", out(msg, "done")))
	msg.Ack()
	wait(t, closed, "Close did not return")
	require.Equal(t, []string{"done"}, uuids(decoded(t, c, topic+"out")))
	_, open := <-messages
	require.False(t, open, "the channel stays open")
	require.NoError(t, c.Ping(t.Context()).Err(), "the client is the caller's")
}

// The end of Subscribe's context drains like Close, but ends the messages'
// contexts at once: they derive from it.
func TestTheEndOfTheContextDrains(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	publish(t, c, topic, "1", "2")
	ctx, cancel := context.WithCancel(t.Context())
	messages, err := newSubscriber(t, c, streams.SubscriberConfig{DrainTimeout: time.Minute}).Subscribe(ctx, topic)
	require.NoError(t, err)
	msg := receive(t, messages)
	cancel()
	require.ErrorIs(t, msg.Context().Err(), context.Canceled)
	require.NoError(t, newPublisher(t, c, streams.PublisherConfig{}).Publish(topic+"out", out(msg, "done")))
	msg.Ack()
	for late := range messages { // one may have been started just before
		late.Ack()
	}
	require.Equal(t, []string{"done"}, uuids(decoded(t, c, topic+"out")))
}

func TestWhatIsUnfinishedAfterTheDrainGoesToOthersAtOnce(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	publish(t, c, topic, "1", "2")
	// Neither may have to wait for the idle time.
	config := streams.SubscriberConfig{IdleTime: time.Hour, DrainTimeout: 50 * time.Millisecond, Concurrency: 2}
	messages, s := subscribe(t, c, topic, config)
	stuck := receive(t, messages)
	eventually(t, func() bool { return sum(pendingOf(t, c, topic)) == 2 }, "the second was not read")
	// One that runs already and one that starts afterwards.
	config.Concurrency = 1
	running, _ := subscribe(t, client(t), topic, config)
	require.NoError(t, s.Close())
	require.ErrorIs(t, stuck.Context().Err(), context.Canceled)

	started := time.Now()
	first := receive(t, running)
	require.Less(t, time.Since(started), 5*time.Second)
	late, _ := subscribe(t, client(t), topic, config)
	var second *message.Message
	first.Ack()
	select {
	case second = <-running:
	case second = <-late:
	case <-time.After(patience):
		require.FailNow(t, "the second message does not come")
	}
	second.Ack()
	attempts := map[string]int{}
	for _, m := range []*message.Message{first, second} {
		attempts[m.UUID] = attempt(m)
	}
	want := map[string]int{"1": 1, "2": 1}
	want[stuck.UUID] = 2
	require.Equal(t, want, attempts,
		"only the one that a handler saw counts as tried")
	settled(t, c, topic)

	// Whoever was late cannot publish with it any more.
	err := newPublisher(t, c, streams.PublisherConfig{}).Publish(topic+"out", out(stuck, "late"))
	require.ErrorIs(t, err, handoff.ErrSettled)
	require.Zero(t, c.Exists(t.Context(), topic+"out").Val())
}

func sum(m map[string]int64) (n int64) {
	for _, v := range m {
		n += v
	}
	return n
}

func TestAClosedSubscriberLeavesNoConsumer(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	publish(t, c, topic, "1")
	messages, s := subscribe(t, c, topic, streams.SubscriberConfig{Consumer: "me"})
	receive(t, messages).Ack()
	settled(t, c, topic)
	require.NoError(t, s.Close())
	require.Empty(t, c.XInfoConsumers(t.Context(), topic, "g").Val())
}

func TestCloseTwiceAndUseAfterClose(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	_, s := subscribe(t, c, topic, streams.SubscriberConfig{})
	p := newPublisher(t, c, streams.PublisherConfig{})
	for range 2 {
		wait(t, closing(t, s), "the subscriber does not close")
		wait(t, closing(t, p), "the publisher does not close")
	}
	_, err := s.Subscribe(t.Context(), topic)
	require.ErrorIs(t, err, streams.ErrClosed)
	err = p.Publish(topic, message.NewMessage("1", nil))
	require.ErrorIs(t, err, streams.ErrClosed)
	require.True(t, strings.Contains(err.Error(), topic), "the error does not say which topic: %v", err)
	require.NoError(t, c.Ping(t.Context()).Err(), "the client is the caller's")
}

func TestCloseReturnsWhenRedisIsGone(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t)
	topic, c := newTopic(t), own.Client(t)
	publish(t, c, topic, "1", "2", "3")
	messages, s := subscribe(t, c, topic, streams.SubscriberConfig{Concurrency: 2, DrainTimeout: 100 * time.Millisecond})
	receive(t, messages).Ack()
	receive(t, messages)
	own.Kill(t)
	start := time.Now()
	wait(t, closing(t, s), "Close does not return")
	require.Less(t, time.Since(start), 15*time.Second)
}
