package pubsub_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/pubsub"
)

// gaps collects the gaps of a subscriber.
type gaps chan pubsub.Gap

func (g gaps) next(t *testing.T) pubsub.Gap {
	t.Helper()
	select {
	case gap := <-g:
		return gap
	case <-time.After(patience):
		require.Fail(t, "no gap was reported")
		return pubsub.Gap{}
	}
}

func newGaps() (gaps, func(pubsub.Gap)) {
	g := make(gaps, 100)
	return g, func(gap pubsub.Gap) { g <- gap }
}

func TestASubscriptionOutlivesARedisThatIsKilledAndRestarted(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]pubsub.SubscriberConfig{
		"channel": {}, "pattern": {Patterns: true}, "sharded channel": {Sharded: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own := redistest.Start(t)
			c := own.Client(t)
			seen, onGap := newGaps()
			config.OnGap = onGap
			messages, s := subscribe(t, c, "topic", config)
			send := func(payload string) {
				if config.Sharded {
					require.NoError(t, c.SPublish(t.Context(), "topic", payload).Err())
				} else {
					publish(t, c, "topic", payload)
				}
			}
			send("before")
			require.Equal(t, []string{"before"}, payloads(t, messages, 1))

			killed := time.Now()
			own.Kill(t)
			eventually(t, func() bool { return statsOf(t, s).Down == 1 }, "the gap is counted while it lasts")
			own.Restart(t)
			gap := seen.next(t)
			send("after")
			require.Equal(t, []string{"after"}, payloads(t, messages, 1))

			require.Equal(t, "topic", gap.Topic)
			require.ErrorIs(t, gap.Cause, pubsub.ErrRestarted)
			require.False(t, gap.From.After(time.Now()))
			require.True(t, gap.To.After(killed))
			require.Positive(t, gap.Duration())
			eventually(t, func() bool { return statsOf(t, s).Acked == 2 }, "both are counted")
			stats := statsOf(t, s)
			require.EqualValues(t, 1, stats.Gaps)
			require.Zero(t, stats.Down)
			require.InDelta(t, gap.Duration(), stats.GapTime, float64(time.Millisecond))
			require.Zero(t, stats.Lost.Total())
		})
	}
}

func TestAConnectionThatIsCutIsMadeAgain(t *testing.T) {
	t.Parallel()
	link := redistest.Proxy(t, server.Addr())
	c := redis.NewClient(&redis.Options{Addr: link.Addr()})
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	seen, onGap := newGaps()
	topic := newTopic()
	messages, s := subscribe(t, c, topic, pubsub.SubscriberConfig{OnGap: onGap})
	for range 5 {
		link.Cut()
		gap := seen.next(t)
		require.NotErrorIs(t, gap.Cause, pubsub.ErrRestarted)
		require.NotErrorIs(t, gap.Cause, pubsub.ErrOutputBufferLimit)
		publish(t, client(t), topic, "after")
		require.Equal(t, []string{"after"}, payloads(t, messages, 1))
	}
	require.EqualValues(t, 5, statsOf(t, s).Gaps)
}

// A frozen server ends no connection, it only answers no more.
func TestASilentServerIsFoundOut(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t)
	c := own.Client(t)
	seen, onGap := newGaps()
	messages, s := subscribe(t, c, "topic", pubsub.SubscriberConfig{OnGap: onGap, Heartbeat: 50 * time.Millisecond})
	own.Pause(t)
	eventually(t, func() bool { return statsOf(t, s).Down == 1 }, "it is found out")
	own.Resume(t)
	gap := seen.next(t)
	require.ErrorIs(t, gap.Cause, pubsub.ErrSilent)
	require.GreaterOrEqual(t, gap.Duration(), 50*time.Millisecond)
	publish(t, c, "topic", "after")
	require.Equal(t, []string{"after"}, payloads(t, messages, 1))
}

func TestQuietIsNotSilence(t *testing.T) {
	t.Parallel()
	topic := newTopic()
	messages, s := subscribe(t, client(t), topic, pubsub.SubscriberConfig{Heartbeat: 50 * time.Millisecond})
	time.Sleep(400 * time.Millisecond)
	publish(t, client(t), topic, "1")
	require.Equal(t, []string{"1"}, payloads(t, messages, 1))
	require.Zero(t, statsOf(t, s).Gaps)
}

// Who subscribes in a gap waits until there is none: nothing is missed then.
func TestSubscribingToATopicWhoseConnectionIsBroken(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t)
	c := own.Client(t)
	s := newSubscriber(t, c, pubsub.SubscriberConfig{SubscribeTimeout: time.Second, MaxReconnectDelay: 20 * time.Millisecond})
	_, err := s.Subscribe(t.Context(), "topic")
	require.NoError(t, err)
	own.Kill(t)
	eventually(t, func() bool { return statsOf(t, s).Down == 1 }, "it is down")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err = s.Subscribe(ctx, "topic")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	own.Restart(t)
	messages, err := s.Subscribe(t.Context(), "topic")
	require.NoError(t, err)
	publish(t, c, "topic", "1")
	require.Equal(t, []string{"1"}, payloads(t, messages, 1))
}

func TestAGapThatLastsAtTheEndIsReported(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t)
	seen, onGap := newGaps()
	_, s := subscribe(t, own.Client(t), "topic", pubsub.SubscriberConfig{OnGap: onGap})
	own.Kill(t)
	eventually(t, func() bool { return statsOf(t, s).Down == 1 }, "it is down")
	require.NoError(t, s.Close())
	require.Error(t, seen.next(t).Cause)
	stats := statsOf(t, s)
	require.Zero(t, stats.Down)
	require.EqualValues(t, 1, stats.Gaps)
}

// Redis disconnects who lets too much wait. What is known of it: the connection ends.
func TestDisconnectionForTheOutputBufferIsNamed(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t, redistest.Args("--client-output-buffer-limit", "pubsub 1mb 512kb 1"))
	c := own.Client(t)
	seen, onGap := newGaps()
	messages, s := subscribe(t, c, "topic", pubsub.SubscriberConfig{
		OnGap: onGap, Overflow: pubsub.Block, Buffer: 10, DrainTimeout: time.Millisecond,
	})
	stuck := receiveFirst(t, c, messages)
	payload := strings.Repeat("x", 100_000)
	eventually(t, func() bool { // until Redis has had enough
		return c.Publish(t.Context(), "topic", payload).Val() == 0
	}, "Redis did not disconnect the subscriber")
	stuck.Ack()
	go func() {
		for msg := range messages {
			msg.Ack()
		}
	}()
	gap := seen.next(t)
	t.Logf("a disconnection for the output buffer is seen as: %v", gap.Cause)
	require.ErrorIs(t, gap.Cause, pubsub.ErrOutputBufferLimit)
	publish(t, c, "topic", "after")
	eventually(t, func() bool { return statsOf(t, s).Held == 0 }, "it goes on")
}

// The handler stays stuck for many heartbeats after Redis has hung up: nobody may
// connect again behind the back of who counts gaps.
func TestADisconnectionDuringALongBlockIsAGap(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t, redistest.Args("--client-output-buffer-limit", "pubsub 1mb 512kb 1"))
	c := own.Client(t)
	seen, onGap := newGaps()
	const heartbeat = 50 * time.Millisecond
	messages, _ := subscribe(t, c, "topic", pubsub.SubscriberConfig{
		OnGap: onGap, Overflow: pubsub.Block, Buffer: 10, Heartbeat: heartbeat, DrainTimeout: time.Millisecond,
	})
	stuck := receiveFirst(t, c, messages)
	payload := strings.Repeat("x", 100_000)
	eventually(t, func() bool {
		return c.Publish(t.Context(), "topic", payload).Val() == 0
	}, "Redis did not disconnect the subscriber")
	time.Sleep(10 * heartbeat)
	require.Zero(t, c.Publish(t.Context(), "topic", "unheard").Val(), "it is connected again and has said nothing")
	stuck.Ack()
	go func() {
		for msg := range messages {
			msg.Ack()
		}
	}()
	require.Error(t, seen.next(t).Cause)
}
