package pubsub_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/pubsub"
)

// bubble is a Redis in virtual time, and what is wrong with the way there.
type bubble struct {
	*redis.Client
	away, mute atomic.Bool
	dials      atomic.Int64 // in vain

	mu    sync.Mutex
	conns []net.Conn
}

// cut closes all connections, and makes none until away is false.
func (b *bubble) cut() {
	b.away.Store(true)
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, conn := range b.conns {
		_ = conn.Close()
	}
}

// muffled is a connection that swallows what is written while its bubble is mute.
type muffled struct {
	net.Conn
	of *bubble
}

func (m muffled) Write(b []byte) (int, error) {
	if m.of.mute.Load() {
		return len(b), nil
	}
	return m.Conn.Write(b)
}

// virtual runs a test in a bubble where time passes only when everybody waits:
// hours of waiting cost nothing, and a goroutine that is left behind fails the
// test. Nothing that blocks on the network may be in a bubble, so connections are
// pipes.
func virtual(t *testing.T, test func(t *testing.T, c *bubble)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := miniredis.NewMiniRedis() // not started: it would listen
		c := &bubble{}
		c.Client = redis.NewClient(&redis.Options{
			Addr:     "127.0.0.1:6379", // a host name would be looked up
			Protocol: 2,
			Dialer: func(context.Context, string, string) (net.Conn, error) {
				if c.away.Load() {
					c.dials.Add(1)
					return nil, errors.New("away")
				}
				conn, err := m.Dial()
				c.mu.Lock()
				defer c.mu.Unlock()
				c.conns = append(c.conns, conn)
				return muffled{conn, c}, err
			},
		})
		test(t, c)
		require.NoError(t, c.Close())
		m.Close()
	})
}

func TestDelaysAfterRejectionGrowToTheirMost(t *testing.T) {
	virtual(t, func(t *testing.T, c *bubble) {
		s, err := pubsub.NewSubscriber(c.Client, pubsub.SubscriberConfig{
			MaxRedeliveries: 6, NackDelay: time.Second, MaxNackDelay: 10 * time.Second,
		})
		require.NoError(t, err)
		messages, err := s.Subscribe(t.Context(), "topic")
		require.NoError(t, err)
		publish(t, c, "topic", "bad", "behind it")
		began := time.Now()
		var delays []time.Duration
		uuid := ""
		for i := range 7 {
			msg := receive(t, messages)
			require.Equal(t, "bad", string(msg.Payload), "those behind it wait")
			if i > 0 {
				delays = append(delays, time.Since(began)/time.Second)
				require.Equal(t, uuid, msg.UUID)
			}
			began, uuid = time.Now(), msg.UUID
			msg.Nack()
		}
		require.Equal(t, []time.Duration{1, 2, 4, 8, 10, 10}, delays)
		require.Equal(t, []string{"behind it"}, payloads(t, messages, 1))
		synctest.Wait()
		stats := statsOf(t, s)
		require.EqualValues(t, 6, stats.Redelivered)
		require.Equal(t, pubsub.Lost{Rejected: 1}, stats.Lost)
		require.NoError(t, s.Close())
	})
}

func TestWithMoreLanesOthersPassARejectedMessage(t *testing.T) {
	virtual(t, func(t *testing.T, c *bubble) {
		s, err := pubsub.NewSubscriber(c.Client, pubsub.SubscriberConfig{Concurrency: 2, NackDelay: 20 * time.Second})
		require.NoError(t, err)
		messages, err := s.Subscribe(t.Context(), "topic")
		require.NoError(t, err)
		publish(t, c, "topic", "bad")
		receive(t, messages).Nack()
		publish(t, c, "topic", numbers(1, 10)...)
		require.Equal(t, numbers(1, 10), payloads(t, messages, 10))
		require.Equal(t, []string{"bad"}, payloads(t, messages, 1))
		require.NoError(t, s.Close())
	})
}

func TestTheDrainEndsAtItsTimeout(t *testing.T) {
	virtual(t, func(t *testing.T, c *bubble) {
		s, err := pubsub.NewSubscriber(c.Client, pubsub.SubscriberConfig{DrainTimeout: 3 * time.Minute})
		require.NoError(t, err)
		messages, err := s.Subscribe(t.Context(), "topic")
		require.NoError(t, err)
		publish(t, c, "topic", "never settled", "waits")
		msg := receive(t, messages)
		synctest.Wait()
		began := time.Now()
		require.NoError(t, s.Close())
		require.Equal(t, 3*time.Minute, time.Since(began))
		require.Error(t, msg.Context().Err(), "it is given up")
		require.Equal(t, pubsub.Lost{Closed: 2}, statsOf(t, s).Lost)
	})
}

// What waits in a handler learns that it should not wait any more.
func TestAHandlerLearnsThatTheSubscriptionStops(t *testing.T) {
	virtual(t, func(t *testing.T, c *bubble) {
		s, err := pubsub.NewSubscriber(c.Client, pubsub.SubscriberConfig{})
		require.NoError(t, err)
		messages, err := s.Subscribe(t.Context(), "topic")
		require.NoError(t, err)
		publish(t, c, "topic", "1")
		msg := receive(t, messages)
		go func() {
			<-handoff.Stopping(msg.Context())
			msg.Ack()
		}()
		require.NoError(t, s.Close())
		require.EqualValues(t, 1, statsOf(t, s).Acked)
	})
}

// A long outage is not a storm of attempts, and its end is noticed soon.
func TestPausesBetweenAttemptsGrowToTheirMost(t *testing.T) {
	virtual(t, func(t *testing.T, c *bubble) {
		gaps := make(chan pubsub.Gap, 1)
		s, err := pubsub.NewSubscriber(c.Client, pubsub.SubscriberConfig{
			MaxReconnectDelay: 10 * time.Second, OnGap: func(g pubsub.Gap) { gaps <- g },
		})
		require.NoError(t, err)
		messages, err := s.Subscribe(t.Context(), "topic")
		require.NoError(t, err)
		began := time.Now()
		c.cut()
		time.Sleep(10 * time.Minute)
		stats := statsOf(t, s)
		require.Equal(t, 1, stats.Down)
		require.Equal(t, 10*time.Minute, stats.GapTime)
		require.InDelta(t, 60, c.dials.Load(), 30)
		c.away.Store(false)
		gap := <-gaps
		require.Equal(t, began, gap.From)
		require.LessOrEqual(t, gap.Duration(), 10*time.Minute+15*time.Second)
		publish(t, c, "topic", "after")
		require.Equal(t, []string{"after"}, payloads(t, messages, 1))
		require.NoError(t, s.Close())
	})
}

// What swallows everything is found out after three heartbeats at the latest, and
// all since the last sign of life counts as the gap.
func TestSilenceCountsFromTheLastSignOfLife(t *testing.T) {
	virtual(t, func(t *testing.T, c *bubble) {
		gaps := make(chan pubsub.Gap, 1)
		s, err := pubsub.NewSubscriber(c.Client, pubsub.SubscriberConfig{
			Heartbeat: time.Minute, OnGap: func(g pubsub.Gap) { gaps <- g },
		})
		require.NoError(t, err)
		_, err = s.Subscribe(t.Context(), "topic")
		require.NoError(t, err)
		time.Sleep(time.Hour + time.Second)
		require.Zero(t, statsOf(t, s).Gaps, "it answers every heartbeat")
		began := time.Now()
		c.mute.Store(true)
		time.AfterFunc(10*time.Minute, func() { c.mute.Store(false) })
		gap := <-gaps
		require.ErrorIs(t, gap.Cause, pubsub.ErrSilent)
		require.InDelta(t, 0, began.Sub(gap.From), float64(2*time.Second))
		require.NoError(t, s.Close())
	})
}

// miniredis is as old as that in this respect.
func TestAServerWithoutShardedChannelsIsToldOf(t *testing.T) {
	virtual(t, func(t *testing.T, c *bubble) {
		s, err := pubsub.NewSubscriber(c.Client, pubsub.SubscriberConfig{Sharded: true, SubscribeTimeout: time.Hour})
		require.NoError(t, err)
		began := time.Now()
		_, err = s.Subscribe(t.Context(), "topic")
		require.ErrorContains(t, err, "Redis 7.0 or later")
		require.Less(t, time.Since(began), time.Second, "there is nothing to wait for")
		err = newPublisher(t, c, pubsub.PublisherConfig{Sharded: true}).Publish("topic", message.NewMessage("", nil))
		require.ErrorContains(t, err, "Redis 7.0 or later")
		require.NoError(t, s.Close())
	})
}
