package streams_test

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/streams"
)

// virtual runs a test in a bubble where time passes only when everybody waits,
// with a Redis of its own inside of it: hours of waiting cost nothing, and a
// goroutine that is left behind fails the test. Nothing that blocks on the
// network may be in a bubble, so connections are pipes.
func virtual(t *testing.T, test func(t *testing.T, c *redis.Client)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := miniredis.NewMiniRedis() // not started: it would listen
		c := redis.NewClient(&redis.Options{
			Addr:   "127.0.0.1:6379", // a host name would be looked up
			Dialer: func(context.Context, string, string) (net.Conn, error) { return m.Dial() },
		})
		test(t, c)
		require.NoError(t, c.Close())
		m.Close()
	})
}

func TestDelaysAfterRejectionGrowToTheirMost(t *testing.T) {
	virtual(t, func(t *testing.T, c *redis.Client) {
		publish(t, c, "topic", "1")
		s := newSubscriber(t, c, streams.SubscriberConfig{NackDelay: time.Second, MaxNackDelay: time.Minute})
		messages, err := s.Subscribe(context.Background(), "topic")
		require.NoError(t, err)
		rejected := time.Time{}
		for i := range 10 {
			msg := <-messages
			require.Equal(t, i+1, attempt(msg))
			if i > 0 {
				most := min(time.Second<<(i-1), time.Minute)
				require.InDelta(t, most*3/4, time.Since(rejected), float64(most/4+time.Second))
			}
			rejected = time.Now()
			msg.Nack()
		}
		require.NoError(t, s.Close())
	})
}

func TestAMessagePutAsideComesWhenItIsTime(t *testing.T) {
	virtual(t, func(t *testing.T, c *redis.Client) {
		publish(t, c, "topic", "1")
		s := newSubscriber(t, c, streams.SubscriberConfig{})
		messages, err := s.Subscribe(context.Background(), "topic")
		require.NoError(t, err)
		msg := <-messages
		require.NoError(t, handoff.FromContext(msg.Context()).PutAside(handoff.Aside{For: 10 * time.Minute}))
		parked := time.Now()
		msg.Ack()
		msg = <-messages
		require.InDelta(t, 10*time.Minute, time.Since(parked), float64(2*time.Second))
		msg.Ack()
		require.NoError(t, s.Close())
	})
}

func TestMessagesAreTakenOverAfterTheIdleTimeAndNotBefore(t *testing.T) {
	virtual(t, func(t *testing.T, c *redis.Client) {
		const idle = 4 * time.Minute
		publish(t, c, "topic", "1")
		die(t, c, "topic", 1)
		died := time.Now()
		s := newSubscriber(t, c, streams.SubscriberConfig{IdleTime: idle})
		messages, err := s.Subscribe(context.Background(), "topic")
		require.NoError(t, err)
		msg := <-messages
		require.Equal(t, 2, attempt(msg))
		require.GreaterOrEqual(t, time.Since(died), idle)
		require.LessOrEqual(t, time.Since(died), idle+idle/2+time.Second, "it is looked for twice an idle time")
		msg.Ack()
		require.NoError(t, s.Close())
	})
}

func TestAHandlerMayTakeManyTimesTheIdleTime(t *testing.T) {
	virtual(t, func(t *testing.T, c *redis.Client) {
		const idle = time.Minute
		publish(t, c, "topic", "1")
		config := streams.SubscriberConfig{IdleTime: idle}
		first, second := newSubscriber(t, c, config), newSubscriber(t, c, config)
		messages, err := first.Subscribe(context.Background(), "topic")
		require.NoError(t, err)
		msg := <-messages
		others, err := second.Subscribe(context.Background(), "topic")
		require.NoError(t, err)
		select {
		case <-others:
			require.Fail(t, "it was taken out of the handler's hands")
		case <-time.After(5 * idle):
		}
		msg.Ack()
		require.NoError(t, first.Close())
		require.NoError(t, second.Close())
		require.Empty(t, c.XPending(context.Background(), "topic", "g").Val().Consumers)
	})
}

// A drain that has run out of time hands back what a handler still has.
func TestTheDrainEndsAtItsTimeout(t *testing.T) {
	virtual(t, func(t *testing.T, c *redis.Client) {
		publish(t, c, "topic", "1")
		s := newSubscriber(t, c, streams.SubscriberConfig{DrainTimeout: 3 * time.Minute})
		messages, err := s.Subscribe(context.Background(), "topic")
		require.NoError(t, err)
		<-messages
		start := time.Now()
		require.NoError(t, s.Close())
		require.InDelta(t, 3*time.Minute, time.Since(start), float64(time.Second))
		require.Equal(t, map[string]int64{"millstream:returned": 1}, pendingOf(t, c, "topic"))
	})
}
