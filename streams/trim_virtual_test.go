package streams_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/streams"
)

const (
	reportAfter = 10 * time.Minute
	deadAfter   = 80 * time.Minute
)

// trimming is a subscriber of group "g" that works off a topic and trims it.
func trimming(t *testing.T, c redis.UniversalClient, l *logs) *streams.Subscriber {
	t.Helper()
	s := newSubscriber(t, c, streams.SubscriberConfig{
		Logger: l.logger(), Trim: &streams.Trim{ReportAfter: reportAfter, DeadAfter: deadAfter},
	})
	messages, err := s.Subscribe(context.Background(), "topic")
	require.NoError(t, err)
	go func() {
		for msg := range messages {
			msg.Ack()
		}
	}()
	return s
}

// slowly makes a subscriber of group "slow" and returns its messages.
func slowly(t *testing.T, c redis.UniversalClient) (*streams.Subscriber, <-chan *message.Message) {
	t.Helper()
	s, err := streams.NewSubscriber(c, "slow", streams.SubscriberConfig{Logger: discard, Trim: &streams.Trim{}})
	require.NoError(t, err)
	messages, err := s.Subscribe(context.Background(), "topic")
	require.NoError(t, err)
	return s, messages
}

func subscriptions(groups ...string) []handoff.Subscription {
	all := make([]handoff.Subscription, len(groups))
	for i, group := range groups {
		all[i] = handoff.Subscription{Topic: "topic", Group: group, Concurrency: 1, DrainTimeout: time.Second}
	}
	return all
}

const (
	saysStopped = "has stopped"
	saysDead    = "is declared dead"
	saysOver    = "no longer holds up"
)

func TestAGroupThatStandsStillIsReportedHourlyAndThenDeclaredDead(t *testing.T) {
	virtual(t, func(t *testing.T, c *redis.Client) {
		require.NoError(t, c.XGroupCreateMkStream(context.Background(), "topic", "slow", "0").Err())
		var l logs
		s := trimming(t, c, &l)
		publish(t, c, "topic", "1", "2", "3")
		time.Sleep(reportAfter - time.Minute)
		require.Zero(t, l.count(saysStopped))
		time.Sleep(2 * time.Minute)
		require.Equal(t, 1, l.count(saysStopped))
		time.Sleep(time.Hour)
		require.Equal(t, 2, l.count(saysStopped), "it is said once an hour")
		require.Equal(t, 3, length(t, c, "topic"))
		time.Sleep(deadAfter)
		require.Equal(t, 0, length(t, c, "topic"))
		require.Positive(t, l.count(saysDead))
		require.Zero(t, l.count(saysOver))
		require.EqualValues(t, 3, trimmed(s))

		slow, messages := slowly(t, c)
		publish(t, c, "topic", "4")
		require.Equal(t, "4", (<-messages).UUID)
		time.Sleep(2 * time.Minute)
		require.Equal(t, 1, l.count(saysOver))
		require.Equal(t, 1, length(t, c, "topic"), "it is alive and needs it")
		require.NoError(t, slow.Close())
		require.NoError(t, s.Close())
	})
}

func TestAGroupWhoseHandlerRunsForHoursIsAlive(t *testing.T) {
	virtual(t, func(t *testing.T, c *redis.Client) {
		slow, messages := slowly(t, c)
		var l logs
		s := trimming(t, c, &l)
		publish(t, c, "topic", "1", "2", "3")
		for _, id := range []string{"1", "2", "3"} {
			msg := <-messages
			require.Equal(t, id, msg.UUID)
			if id == "1" {
				time.Sleep(deadAfter * 5 / 4)
			}
			msg.Ack()
		}
		time.Sleep(time.Minute)
		require.Zero(t, l.count(saysDead))
		require.Zero(t, l.count(saysStopped))
		require.NoError(t, slow.Close())
		require.NoError(t, s.Close())
		require.Zero(t, length(t, c, "topic"))
	})
}

// When Redis comes back, everybody has been silent for long.
func TestHoursWithoutRedisKillNoGroup(t *testing.T) {
	virtual(t, func(t *testing.T, c *redis.Client) {
		require.NoError(t, c.XGroupCreateMkStream(context.Background(), "topic", "slow", "0").Err())
		var away atomic.Bool
		cut := redis.NewClient(c.Options())
		cut.AddHook(aroundProcess(func(_ redis.Cmder, next func() error) error {
			if away.Load() {
				return errors.New("away")
			}
			return next()
		}))
		var l logs
		s := trimming(t, cut, &l)
		publish(t, c, "topic", "1", "2", "3")
		for range 3 {
			time.Sleep(deadAfter / 5)
			away.Store(true)
			time.Sleep(10 * deadAfter)
			away.Store(false)
		}
		time.Sleep(deadAfter / 5)
		require.Zero(t, l.count(saysDead))
		slow, messages := slowly(t, c)
		for _, id := range []string{"1", "2", "3"} {
			msg := <-messages
			require.Equal(t, id, msg.UUID)
			msg.Ack()
		}
		require.NoError(t, slow.Close())
		require.NoError(t, s.Close())
		require.NoError(t, cut.Close())
	})
}

// A loss of the group that others are to have is reported, too.
func TestAGroupThatShouldBeThereIsReported(t *testing.T) {
	virtual(t, func(t *testing.T, c *redis.Client) {
		var l logs
		transport, err := streams.NewTransport(c, streams.Config{Logger: l.logger()})
		require.NoError(t, err)
		require.NoError(t, transport.Prepare(context.Background(), subscriptions("g", "slow")))
		require.NoError(t, c.XGroupDestroy(context.Background(), "topic", "slow").Err())
		s, err := transport.Subscriber(subscriptions("g")[0])
		require.NoError(t, err)
		messages, err := s.Subscribe(context.Background(), "topic")
		require.NoError(t, err)
		publish(t, c, "topic", "1")
		(<-messages).Ack()
		time.Sleep(3 * time.Minute)
		require.Zero(t, l.count("does not exist"))
		time.Sleep(3 * time.Minute)
		require.Equal(t, 1, l.count("does not exist"))
		require.Equal(t, 1, length(t, c, "topic"))
		require.NoError(t, transport.Prepare(context.Background(), subscriptions("slow")))
		time.Sleep(time.Minute)
		require.Equal(t, 1, l.count(saysOver))
		require.NoError(t, s.Close())
	})
}
