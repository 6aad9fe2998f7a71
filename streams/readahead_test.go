package streams_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/streams"
)

// A slow worker must leave to others what they could do in the meantime.
func TestASlowSubscriberHoardsNothing(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	preload(t, c, topic, 100)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var handled [2]atomic.Int64
	for i := range handled {
		messages, _ := subscribe(t, client(t), topic, streams.SubscriberConfig{Consumer: consumerName(i)})
		go func() {
			for {
				select {
				case msg := <-messages:
					select {
					case <-time.After(200 * time.Millisecond):
					case <-ctx.Done():
					}
					handled[i].Add(1)
					msg.Ack()
				case <-ctx.Done():
					return
				}
			}
		}()
		// The second one comes when the first has found its pace.
		eventually(t, func() bool { return handled[0].Load() >= 3 }, "nothing is handled")
	}
	for handled[1].Load() < 4 {
		for consumer, n := range pendingOf(t, c, topic) {
			require.LessOrEqual(t, n, int64(2), "%s holds more than it can begin soon", consumer)
		}
		time.Sleep(5 * time.Millisecond)
	}
	require.InDelta(t, handled[0].Load(), handled[1].Load(), 6)
}

// The same for what a slow worker takes over from a dead one.
func TestASlowSubscriberTakesOverOnlyWhatItCanBegin(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	preload(t, c, topic, 50)
	die(t, c, topic, 50)
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{Consumer: "slow", IdleTime: shortIdle})
	for range 4 {
		msg := receive(t, messages)
		time.Sleep(150 * time.Millisecond)
		require.LessOrEqual(t, pendingOf(t, c, topic)["slow"], int64(3))
		msg.Ack()
	}
}

// A fast worker reads many at a time: that is where the speed comes from.
func TestAFastSubscriberReadsManyAtATime(t *testing.T) {
	t.Parallel()
	const n = 5000
	topic, c := newTopic(t), client(t)
	preload(t, c, topic, n)
	counting := client(t)
	var reads atomic.Int64
	counting.AddHook(onProcess(func(cmd redis.Cmder) {
		if cmd.Name() == "xreadgroup" {
			reads.Add(1)
		}
	}))
	messages, _ := subscribe(t, counting, topic, streams.SubscriberConfig{})
	for range n {
		receive(t, messages).Ack()
	}
	settled(t, c, topic)
	require.Less(t, reads.Load(), int64(n/10))
}
