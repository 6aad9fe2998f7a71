package streams_test

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/streams"
)

// Three processes of a group, one that died with the first messages in hand, and
// one that is closed in the middle: the handlers see the stream's order.
func TestOrderedKeepsTheStreamsOrderOverAllConsumers(t *testing.T) {
	t.Parallel()
	const n = 300
	topic, c := newTopic(t), client(t)
	preload(t, c, topic, n)
	die(t, c, topic, 5)

	var mu sync.Mutex
	var order []string
	var working, together atomic.Int64
	handled := func() int { mu.Lock(); defer mu.Unlock(); return len(order) }
	ctx, cancel := context.WithCancel(t.Context())
	var handling sync.WaitGroup
	subscribers := make([]*streams.Subscriber, 3)
	for i := range subscribers {
		messages, s := subscribe(t, client(t), topic, streams.SubscriberConfig{
			Ordered: true, IdleTime: 300 * time.Millisecond, Consumer: consumerName(i), DrainTimeout: time.Minute,
		})
		subscribers[i] = s
		handling.Go(func() {
			for {
				select {
				case msg, open := <-messages:
					if !open {
						return
					}
					if working.Add(1) > 1 {
						together.Add(1)
					}
					mu.Lock()
					order = append(order, msg.UUID)
					mu.Unlock()
					working.Add(-1)
					msg.Ack()
				case <-ctx.Done():
					return
				}
			}
		})
	}
	// Close them one after the other, each in the middle of things.
	for i, s := range subscribers[:2] {
		eventually(t, func() bool { return handled() > (i+1)*n/4 }, "nothing goes on")
		require.NoError(t, s.Close())
	}
	eventually(t, func() bool { return handled() >= n }, "messages are missing")
	settled(t, c, topic)
	cancel()
	handling.Wait()
	require.Zero(t, together.Load(), "two worked at once")
	want := make([]string, n)
	for i := range want {
		want[i] = strconv.Itoa(i)
	}
	require.Equal(t, want, order)
}

func TestOrderedDeliversARejectedMessageBeforeTheNext(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	publish(t, c, topic, "1", "2")
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{Ordered: true, NackDelay: 20 * time.Millisecond})
	for want := 1; want <= 3; want++ {
		msg := receive(t, messages)
		require.Equal(t, "1", msg.UUID)
		require.Equal(t, want, attempt(msg))
		if want < 3 {
			msg.Nack()
		} else {
			msg.Ack()
		}
	}
	msg := receive(t, messages)
	require.Equal(t, "2", msg.UUID)
	msg.Ack()
	settled(t, c, topic)
}

// A consumer that lost the reply to a read, and was then out of reach for long,
// finds out what it was delivered when others are at work on the first of it.
func TestOrderedEntriesWhoseDeliveryWasLostAreNotDeliveredBeforeTheirTurn(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	publish(t, c, topic, "1", "2", "3")
	die(t, c, topic, 3)
	other, _ := subscribe(t, c, topic, streams.SubscriberConfig{Ordered: true, IdleTime: 300 * time.Millisecond})
	first := receive(t, other)
	require.Equal(t, "1", first.UUID)
	back, _ := subscribe(t, c, topic, streams.SubscriberConfig{
		Ordered: true, IdleTime: 300 * time.Millisecond, Consumer: "dead",
	})
	receiveNothing(t, back, time.Second)
	first.Ack()
	for _, want := range []string{"2", "3"} {
		var msg *message.Message
		select {
		case msg = <-other:
		case msg = <-back:
		case <-time.After(patience):
			require.FailNow(t, "no message came")
		}
		require.Equal(t, want, msg.UUID)
		require.Equal(t, 2, attempt(msg))
		msg.Ack()
	}
	settled(t, c, topic)
}

func TestOrderedAttemptsCountOnInTheNextProcess(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	publish(t, c, topic, "1")
	messages, s := subscribe(t, c, topic, streams.SubscriberConfig{Ordered: true, NackDelay: 10 * time.Millisecond})
	for n := range 5 {
		msg := receive(t, messages)
		require.Equal(t, n+1, attempt(msg))
		msg.Nack()
	}
	require.NoError(t, s.Close())
	messages, _ = subscribe(t, c, topic, streams.SubscriberConfig{Ordered: true})
	msg := receive(t, messages)
	require.GreaterOrEqual(t, attempt(msg), 6)
	msg.Ack()
	settled(t, c, topic)
}
