package streams_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/streams"
)

// consumersOf returns how many entries each consumer of the group holds.
func consumersOf(t testing.TB, c redis.UniversalClient, topic string) map[string]int64 {
	t.Helper()
	infos, err := c.XInfoConsumers(t.Context(), topic, "g").Result()
	require.NoError(t, err)
	held := map[string]int64{}
	for _, info := range infos {
		held[info.Name] = info.Pending
	}
	return held
}

func TestConsumersThatAreLongGoneAndHoldNothingAreRemoved(t *testing.T) {
	t.Parallel()
	const forget = 500 * time.Millisecond
	topic, c := newTopic(t), client(t)
	publish(t, c, topic, "1")
	die(t, c, topic, 1) // and it holds that
	require.NoError(t, c.XGroupCreateConsumer(t.Context(), topic, "g", "empty").Err())
	began := time.Now()
	_, s := subscribe(t, c, topic, streams.SubscriberConfig{
		Consumer: "alive", ForgetAfter: forget, IdleTime: time.Hour,
	})
	eventually(t, func() bool { _, there := consumersOf(t, c, topic)["empty"]; return !there }, "it stays")
	require.GreaterOrEqual(t, time.Since(began), forget-50*time.Millisecond, "it was hardly silent")
	eventually(t, func() bool { return s.Stats()[0].Swept == 1 }, "not counted")
	time.Sleep(2 * forget)
	require.Equal(t, map[string]int64{"dead": 1, "alive": 0}, consumersOf(t, c, topic))
	require.EqualValues(t, 1, s.Stats()[0].Swept)
}

// Once what it held was taken over, it is like any other.
func TestADeadConsumerIsRemovedWhenWhatItHeldIsTakenOver(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	publish(t, c, topic, "1")
	die(t, c, topic, 1)
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{Consumer: "alive", ForgetAfter: shortIdle, IdleTime: shortIdle})
	receive(t, messages).Ack()
	settled(t, c, topic)
	eventually(t, func() bool { return len(consumersOf(t, c, topic)) <= 1 }, "it stays")
}

// Alive is who reads, who stands by, and who is at work, whether or not there is
// more to do.
func TestAConsumerThatIsAliveIsNotRemoved(t *testing.T) {
	t.Parallel()
	for name, backlog := range map[string][]string{"with a backlog": {"1", "2", "3", "4"}, "without": {"1"}} {
		for mode, ordered := range map[string]bool{"": false, ", ordered": true} {
			t.Run(name+mode, func(t *testing.T) {
				t.Parallel()
				// Many times a blocked read, so that a machine that stands still does
				// not make it look dead.
				const forget = 1200 * time.Millisecond
				topic, c := newTopic(t), client(t)
				publish(t, c, topic, backlog...)
				config := streams.SubscriberConfig{Consumer: "busy", ForgetAfter: forget, Ordered: ordered}
				busy, _ := subscribe(t, c, topic, config)
				held := receive(t, busy)
				config.Consumer = "idle"
				if !ordered {
					config.Concurrency = len(backlog)
				}
				_, _ = subscribe(t, client(t), topic, config)
				config.Consumer, config.Concurrency = "sweeping", 1
				_, s := subscribe(t, client(t), topic, config)
				time.Sleep(2*forget + forget/10)
				require.Zero(t, s.Stats()[0].Swept)
				consumers := consumersOf(t, c, topic)
				require.Len(t, consumers, 3)
				require.EqualValues(t, 1, consumers["busy"])
				held.Ack()
			})
		}
	}
}
