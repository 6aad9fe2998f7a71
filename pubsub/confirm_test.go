package pubsub_test

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/pubsub"
)

// The second subscription shares the connection of the first, which may be dead for a
// while before anyone notices.
func TestASecondSubscriptionIsConfirmedByRedisToo(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t)
	c := own.Client(t)
	s := newSubscriber(t, c, pubsub.SubscriberConfig{SubscribeTimeout: 300 * time.Millisecond})
	_, err := s.Subscribe(context.Background(), "topic")
	require.NoError(t, err)
	own.Pause(t)
	_, err = s.Subscribe(context.Background(), "topic")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "did not confirm")
	own.Resume(t)
	messages, err := s.Subscribe(context.Background(), "topic")
	require.NoError(t, err)
	publish(t, c, "topic", "1")
	require.Equal(t, []string{"1"}, payloads(t, messages, 1))
}

func TestASecondSubscriptionSaysWhenAFullBufferKeepsItFromBeingConfirmed(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(), client(t)
	messages, s := subscribe(t, c, topic, pubsub.SubscriberConfig{
		Overflow: pubsub.Block, Buffer: 1, SubscribeTimeout: 100 * time.Millisecond, DrainTimeout: time.Millisecond,
	})
	publish(t, c, topic, numbers(1, 5)...)
	stuck := receive(t, messages)
	eventually(t, func() bool { return statsOf(t, s).Held == 3 }, "the buffer is full")
	_, err := s.Subscribe(context.Background(), topic)
	require.ErrorContains(t, err, "Overflow is Block")
	stuck.Ack()
	require.Equal(t, numbers(2, 5), payloads(t, messages, 4))
}

func TestSubscribeSaysThatAQuietConnectionNeedsToPing(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t)
	require.NoError(t, own.Client(t).Do(t.Context(), "ACL", "SETUSER", "u", "on", ">p", "+subscribe", "&*").Err())
	c := redis.NewClient(&redis.Options{Addr: own.Addr(), Username: "u", Password: "p"})
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	s := newSubscriber(t, c, pubsub.SubscriberConfig{})
	_, err := s.Subscribe(context.Background(), "topic")
	require.ErrorContains(t, err, "+ping")
	require.NoError(t, own.Client(t).Do(t.Context(), "ACL", "SETUSER", "u", "+ping").Err())
	_, err = s.Subscribe(context.Background(), "topic")
	require.NoError(t, err)
}

// One subscription of two ends while its full buffer keeps the other from being served.
func TestNothingIsHeldWhenAllSubscriptionsHaveEnded(t *testing.T) {
	t.Parallel()
	c := client(t)
	for range 50 {
		topic := newTopic()
		s := newSubscriber(t, c, pubsub.SubscriberConfig{Overflow: pubsub.Block, Buffer: 1})
		ctx, cancel := context.WithCancel(context.Background())
		_, err := s.Subscribe(ctx, topic) // nobody reads from it
		require.NoError(t, err)
		other, err := s.Subscribe(context.Background(), topic)
		require.NoError(t, err)
		publish(t, c, topic, numbers(1, 4)...)
		eventually(t, func() bool { return statsOf(t, s).Held >= 3 }, "it waits for room")
		cancel()
		require.Equal(t, numbers(1, 4), payloads(t, other, 4))
		eventually(t, func() bool { return statsOf(t, s).Acked == 4 }, "all are settled")
		require.NoError(t, s.Close())
		require.Zero(t, statsOf(t, s).Held)
	}
}

// The connection hangs in go-redis's hands while it dials a server that is frozen.
func TestStatsDoNotWaitForAServer(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t)
	link := redistest.Proxy(t, own.Addr())
	c := redis.NewClient(&redis.Options{Addr: link.Addr()})
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	s := newSubscriber(t, c, pubsub.SubscriberConfig{})
	ctx, cancel := context.WithCancel(context.Background())
	messages, err := s.Subscribe(ctx, "topic")
	require.NoError(t, err)
	own.Pause(t)
	link.Cut()
	time.Sleep(100 * time.Millisecond) // until go-redis has dialled
	cancel()
	time.Sleep(20 * time.Millisecond) // until the connection is being closed
	told := make(chan []pubsub.Stats, 1)
	go func() { told <- s.Stats() }()
	select {
	case <-told:
	case <-messages:
		require.Fail(t, "the subscription ended before the counts were told")
	}
	own.Resume(t)
}
