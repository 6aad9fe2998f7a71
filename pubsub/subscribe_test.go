package pubsub_test

import (
	"context"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/pubsub"
)

func TestAPayloadComesAsItIsWithAnIDOfItsOwn(t *testing.T) {
	t.Parallel()
	topic := newTopic()
	messages, _ := subscribe(t, client(t), topic, pubsub.SubscriberConfig{})
	publish(t, client(t), topic, "", "\x00\xff", "hello")
	seen := map[string]bool{}
	for _, want := range []string{"", "\x00\xff", "hello"} {
		msg := receive(t, messages)
		require.Equal(t, want, string(msg.Payload))
		require.Empty(t, msg.Metadata)
		require.Equal(t, topic, pubsub.ChannelFrom(msg.Context()))
		require.Empty(t, pubsub.PatternFrom(msg.Context()))
		require.Len(t, msg.UUID, 36)
		require.False(t, seen[msg.UUID])
		seen[msg.UUID] = true
		msg.Ack()
	}
}

func TestAPatternTellsTheChannelThatItMatched(t *testing.T) {
	t.Parallel()
	topic := newTopic()
	messages, _ := subscribe(t, client(t), topic+".*", pubsub.SubscriberConfig{Patterns: true})
	publish(t, client(t), topic, "not matched")
	publish(t, client(t), topic+".a", "1")
	publish(t, client(t), topic+".b", "2")
	for _, want := range []struct{ channel, payload string }{{topic + ".a", "1"}, {topic + ".b", "2"}} {
		msg := receive(t, messages)
		require.Equal(t, want.payload, string(msg.Payload))
		require.Equal(t, message.Metadata{pubsub.KeyChannel: want.channel, pubsub.KeyPattern: topic + ".*"}, msg.Metadata)
		require.Equal(t, want.channel, pubsub.ChannelFrom(msg.Context()))
		require.Equal(t, topic+".*", pubsub.PatternFrom(context.WithoutCancel(msg.Context())))
		msg.Ack()
	}
}

func TestWithoutPatternsAStarIsAStar(t *testing.T) {
	t.Parallel()
	topic := newTopic()
	messages, _ := subscribe(t, client(t), topic+"*", pubsub.SubscriberConfig{})
	publish(t, client(t), topic+"1", "not for it")
	publish(t, client(t), topic+"*", "for it")
	require.Equal(t, []string{"for it"}, payloads(t, messages, 1))
}

func TestEverySubscriberGetsEverything(t *testing.T) {
	t.Parallel()
	topic := newTopic()
	first, _ := subscribe(t, client(t), topic, pubsub.SubscriberConfig{})
	s := newSubscriber(t, client(t), pubsub.SubscriberConfig{})
	second, err := s.Subscribe(t.Context(), topic)
	require.NoError(t, err)
	third, err := s.Subscribe(t.Context(), topic)
	require.NoError(t, err)
	want := numbers(1, 200)
	publish(t, client(t), topic, want...)
	for _, messages := range []<-chan *message.Message{first, second, third} {
		require.Equal(t, want, payloads(t, messages, 200))
	}
	eventually(t, func() bool { return statsOf(t, s).Acked == 400 }, "counted for two subscriptions")
}

// Whatever is published after Subscribe has returned comes.
func TestNothingIsMissedOnceSubscribed(t *testing.T) {
	t.Parallel()
	s := newSubscriber(t, client(t), pubsub.SubscriberConfig{})
	c := client(t)
	for range 200 {
		topic := newTopic()
		ctx, cancel := context.WithCancel(t.Context())
		messages, err := s.Subscribe(ctx, topic)
		require.NoError(t, err)
		receivers, err := c.Publish(t.Context(), topic, "at once").Result()
		require.NoError(t, err)
		require.EqualValues(t, 1, receivers)
		require.Equal(t, []string{"at once"}, payloads(t, messages, 1))
		cancel()
	}
}

func TestSoManyMessagesAreUnacknowledgedAtOnce(t *testing.T) {
	t.Parallel()
	topic := newTopic()
	messages, s := subscribe(t, client(t), topic, pubsub.SubscriberConfig{Concurrency: 3, DrainTimeout: time.Millisecond})
	publish(t, client(t), topic, numbers(1, 5)...)
	held := []*message.Message{receive(t, messages), receive(t, messages), receive(t, messages)}
	select {
	case <-messages:
		require.Fail(t, "a fourth came")
	case <-time.After(50 * time.Millisecond):
	}
	held[1].Ack()
	receive(t, messages).Ack()
	eventually(t, func() bool { s := statsOf(t, s); return s.Acked == 2 && s.Held == 3 }, "two are done with")
}

func TestSubscribeFailsAtOnceWhenItCannotSucceed(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t)
	admin := own.Client(t)
	require.NoError(t, admin.Do(t.Context(), "ACL", "SETUSER", "u", "on", ">p", "+@all", "resetchannels", "&allowed").Err())
	c := redis.NewClient(&redis.Options{Addr: own.Addr(), Username: "u", Password: "p"})
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	s := newSubscriber(t, c, pubsub.SubscriberConfig{SubscribeTimeout: time.Hour})
	_, err := s.Subscribe(t.Context(), "forbidden")
	require.True(t, redis.IsPermissionError(err), err)
	_, err = s.Subscribe(t.Context(), "allowed")
	require.NoError(t, err)
}

func TestSubscribeFailsInTimeWhenRedisIsAway(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t)
	c := own.Client(t)
	own.Kill(t)
	s := newSubscriber(t, c, pubsub.SubscriberConfig{SubscribeTimeout: 100 * time.Millisecond})
	_, err := s.Subscribe(t.Context(), "topic")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "refused", "what the connection says is told")

	patient := newSubscriber(t, c, pubsub.SubscriberConfig{SubscribeTimeout: time.Hour})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = patient.Subscribe(ctx, "topic")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Empty(t, patient.Stats())
}

func TestSubscribeWaitsForAServerThatComesBack(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t)
	c := own.Client(t)
	own.Kill(t)
	s := newSubscriber(t, c, pubsub.SubscriberConfig{SubscribeTimeout: time.Hour})
	subscribed := make(chan error, 1)
	go func() {
		_, err := s.Subscribe(context.Background(), "topic")
		subscribed <- err
	}()
	own.Restart(t)
	require.NoError(t, <-subscribed)
	publish(t, c, "topic", "1")
	eventually(t, func() bool { return statsOf(t, s).Received == 1 }, "it listens")
}

func TestCloseEndsASubscribeUnderWay(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t)
	own.Kill(t)
	s := newSubscriber(t, own.Client(t), pubsub.SubscriberConfig{SubscribeTimeout: time.Hour})
	subscribed := make(chan error, 1)
	go func() {
		_, err := s.Subscribe(context.Background(), "topic")
		subscribed <- err
	}()
	select {
	case err := <-subscribed:
		require.Fail(t, "it ended by itself", err)
	case <-time.After(20 * time.Millisecond):
	}
	require.NoError(t, s.Close())
	require.ErrorIs(t, <-subscribed, pubsub.ErrClosed)
}

func TestTheSubscriptionEndsWithItsContext(t *testing.T) {
	t.Parallel()
	topic := newTopic()
	s := newSubscriber(t, client(t), pubsub.SubscriberConfig{})
	ctx, cancel := context.WithCancel(t.Context())
	messages, err := s.Subscribe(ctx, topic)
	require.NoError(t, err)
	publish(t, client(t), topic, numbers(1, 3)...)
	msg := receive(t, messages)
	eventually(t, func() bool { return statsOf(t, s).Received == 3 }, "all are there")
	cancel()
	<-msg.Context().Done()
	require.True(t, msg.Ack(), "what a handler has it may finish")
	_, ok := <-messages
	require.False(t, ok)
	eventually(t, func() bool { return client(t).PubSubNumSub(context.Background(), topic).Val()[topic] == 0 }, "unsubscribed")
	stats := statsOf(t, s)
	require.EqualValues(t, 1, stats.Acked)
	require.Equal(t, pubsub.Lost{Closed: 2}, stats.Lost)
	require.Zero(t, stats.Gaps)
}

func TestAMessagesContextEndsWhenItIsSettled(t *testing.T) {
	t.Parallel()
	topic := newTopic()
	type key struct{}
	s := newSubscriber(t, client(t), pubsub.SubscriberConfig{})
	messages, err := s.Subscribe(context.WithValue(t.Context(), key{}, "value"), topic)
	require.NoError(t, err)
	publish(t, client(t), topic, "1", "2")
	msg := receive(t, messages)
	require.NoError(t, msg.Context().Err())
	require.Equal(t, "value", msg.Context().Value(key{}))
	derived, cancel := context.WithCancel(msg.Context())
	defer cancel()
	msg.Ack()
	<-derived.Done()
	require.ErrorIs(t, msg.Context().Err(), context.Canceled)
	msg = receive(t, messages)
	msg.Ack()
	receiveNothingMore(t, s)
	require.ErrorIs(t, msg.Context().Err(), context.Canceled, "nobody asked before")
}

func receiveNothingMore(t *testing.T, s *pubsub.Subscriber) {
	t.Helper()
	eventually(t, func() bool { return statsOf(t, s).Held == 0 }, "all are done with")
}

func TestCloseWaitsForHandlers(t *testing.T) {
	t.Parallel()
	topic := newTopic()
	s := newSubscriber(t, client(t), pubsub.SubscriberConfig{})
	messages, err := s.Subscribe(t.Context(), topic)
	require.NoError(t, err)
	publish(t, client(t), topic, "1", "2")
	msg := receive(t, messages)
	eventually(t, func() bool { return statsOf(t, s).Received == 2 }, "both are there")
	closed := make(chan error, 2)
	for range 2 {
		go func() { closed <- s.Close() }()
	}
	select {
	case err := <-closed:
		require.Fail(t, "it did not wait", err)
	case <-time.After(20 * time.Millisecond):
	}
	require.NoError(t, msg.Context().Err())
	msg.Ack()
	require.NoError(t, <-closed)
	require.NoError(t, <-closed)
	_, ok := <-messages
	require.False(t, ok, "what was in the buffer is not begun any more")
	stats := statsOf(t, s)
	require.EqualValues(t, 1, stats.Acked)
	require.Equal(t, pubsub.Lost{Closed: 1}, stats.Lost)
}

func TestUseAfterClose(t *testing.T) {
	t.Parallel()
	s := newSubscriber(t, client(t), pubsub.SubscriberConfig{})
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	_, err := s.Subscribe(t.Context(), "topic")
	require.ErrorIs(t, err, pubsub.ErrClosed)
	p := newPublisher(t, client(t), pubsub.PublisherConfig{})
	require.NoError(t, p.Close())
	require.NoError(t, p.Close())
	require.ErrorIs(t, p.Publish("topic", message.NewMessage(watermill.NewUUID(), nil)), pubsub.ErrClosed)
}
