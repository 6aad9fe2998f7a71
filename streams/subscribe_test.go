package streams_test

import (
	"context"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/streams"
)

func TestWhereANewGroupBegins(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ start, first string }{
		"with all there is, by default":  {"", "before"},
		"with all there is":              {streams.FromStart, "before"},
		"with what comes from now on":    {streams.FromNow, "after"},
		"behind an id":                   {"1-1", "before"},
		"behind an id that is yet to be": {"9999999999999-0", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			topic, r := newTopic(t), client(t)
			publish(t, r, topic, "before")
			messages, _ := subscribe(t, r, topic, streams.SubscriberConfig{Start: c.start})
			publish(t, r, topic, "after")
			if c.first == "" {
				receiveNothing(t, messages, 300*time.Millisecond)
				return
			}
			msg := receive(t, messages)
			require.Equal(t, c.first, msg.UUID)
			msg.Ack()
		})
	}
}

func TestAGroupIsMadeBeforeAnyoneSubscribes(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	s := newSubscriber(t, c, streams.SubscriberConfig{Start: streams.FromNow})
	require.NoError(t, s.SubscribeInitialize(topic))
	publish(t, c, topic, "1")
	require.NoError(t, s.SubscribeInitialize(topic), "it may be there already")
	messages, err := s.Subscribe(context.Background(), topic)
	require.NoError(t, err)
	receive(t, messages).Ack()
}

// Each is a consumer of its own: what one holds, the other must not look after.
func TestTwoSubscriptionsOfOneSubscriberShareATopic(t *testing.T) {
	t.Parallel()
	const n = 40
	topic, c := newTopic(t), client(t)
	preload(t, c, topic, n)
	s := newSubscriber(t, c, streams.SubscriberConfig{IdleTime: 2 * time.Second})
	first, err := s.Subscribe(context.Background(), topic)
	require.NoError(t, err)
	second, err := s.Subscribe(context.Background(), topic)
	require.NoError(t, err)
	var ids []string
	for len(ids) < n {
		var msg *message.Message
		select {
		case msg = <-first:
		case msg = <-second:
		case <-time.After(patience):
			require.FailNow(t, "messages are missing", "%v", ids)
		}
		time.Sleep(5 * time.Millisecond) // so that both get some
		ids = append(ids, msg.UUID)
		msg.Ack()
	}
	requireEachOnce(t, ids, n)
	settled(t, c, topic)
	require.Len(t, c.XInfoConsumers(t.Context(), topic, "g").Val(), 2)
}

// Concurrency bounds how many messages are with handlers at once.
func TestConcurrencyIsKept(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	preload(t, c, topic, 10)
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{Concurrency: 3})
	held := []*message.Message{receive(t, messages), receive(t, messages), receive(t, messages)}
	receiveNothing(t, messages, 100*time.Millisecond)
	held[1].Ack()
	held[1] = receive(t, messages)
	receiveNothing(t, messages, 100*time.Millisecond)
	for _, msg := range held {
		msg.Ack()
	}
}
