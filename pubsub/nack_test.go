package pubsub_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/pubsub"
	"github.com/millstream-go/millstream/streams"
)

// A poison topic in a stream keeps what Pub/Sub would not.
func TestARejectedMessageGoesToAPoisonStream(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(), client(t)
	poison, err := streams.NewPublisher(c, streams.PublisherConfig{})
	require.NoError(t, err)
	messages, s := subscribe(t, c, topic, pubsub.SubscriberConfig{
		Poison: poison, MaxRedeliveries: 1, Pipeline: "orders", Handler: "charge",
	})
	p := newPublisher(t, c, pubsub.PublisherConfig{Envelope: true})
	msg := message.NewMessage("id", []byte("bad"))
	msg.Metadata.Set("tenant", "a")
	require.NoError(t, p.Publish(topic, msg))
	for range 2 {
		msg := receive(t, messages)
		require.Equal(t, "bad", string(msg.Payload))
		msg.Metadata.Set("of", "this delivery only")
		msg.Nack()
	}
	eventually(t, func() bool { return statsOf(t, s).Poisoned == 1 }, "it is given up")
	require.EqualValues(t, 1, statsOf(t, s).Redelivered)

	kept := fromStream(t, topic+":poison")
	require.Equal(t, "id", kept.UUID)
	require.Equal(t, "bad", string(kept.Payload))
	require.NotEmpty(t, kept.Metadata[handoff.KeyFailedAt])
	delete(kept.Metadata, handoff.KeyFailedAt)
	require.Equal(t, message.Metadata{
		"tenant":              "a",
		handoff.KeyReason:     "the handler rejected it 2 times",
		handoff.KeyKind:       handoff.KindExhausted,
		handoff.KeyTopic:      topic,
		handoff.KeyHandler:    "charge",
		handoff.KeyPipeline:   "orders",
		handoff.KeySubscriber: "pubsub.Subscriber",
		handoff.KeyAttempts:   "2",
	}, kept.Metadata)
}

// fromStream returns the first message of a stream.
func fromStream(t *testing.T, stream string) *message.Message {
	t.Helper()
	s, err := streams.NewSubscriber(client(t), "readers", streams.SubscriberConfig{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	messages, err := s.Subscribe(context.Background(), stream)
	require.NoError(t, err)
	msg := receive(t, messages)
	msg.Ack()
	return msg
}

func TestARejectedMessageIsCountedAsLostWithoutAPoisonTopic(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(), client(t)
	messages, s := subscribe(t, c, topic, pubsub.SubscriberConfig{MaxRedeliveries: -1})
	publish(t, c, topic, "bad", "good")
	receive(t, messages).Nack()
	require.Equal(t, []string{"good"}, payloads(t, messages, 1))
	eventually(t, func() bool { return statsOf(t, s).Held == 0 }, "both are settled")
	require.Equal(t, pubsub.Lost{Rejected: 1}, statsOf(t, s).Lost)
	require.Zero(t, statsOf(t, s).Redelivered)
}

// broken publishes nothing.
type broken struct{ panics bool }

func (b broken) Publish(string, ...*message.Message) error {
	if b.panics {
		panic("broken")
	}
	return errors.New("broken")
}
func (broken) Close() error { return nil }

func TestAMessageThatThePoisonTopicDoesNotTakeIsCountedAsLost(t *testing.T) {
	t.Parallel()
	for _, panics := range []bool{false, true} {
		topic, c := newTopic(), client(t)
		messages, s := subscribe(t, c, topic, pubsub.SubscriberConfig{MaxRedeliveries: -1, Poison: broken{panics}})
		publish(t, c, topic, "bad", "good")
		receive(t, messages).Nack()
		require.Equal(t, []string{"good"}, payloads(t, messages, 1))
		eventually(t, func() bool { return statsOf(t, s).Held == 0 }, "both are settled")
		require.Equal(t, pubsub.Lost{Rejected: 1}, statsOf(t, s).Lost)
	}
}

// An envelope of a later version is not handed over as if it were a payload.
func TestAnEnvelopeOfAnUnknownVersionIsNoPayload(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(), client(t)
	const future = "\x89MLST\r\n\x1a\x02 whatever comes then"
	poison := newPublisher(t, c, pubsub.PublisherConfig{Envelope: true})
	poisoned, _ := subscribe(t, c, "poison."+topic, pubsub.SubscriberConfig{})
	messages, s := subscribe(t, c, topic, pubsub.SubscriberConfig{Poison: poison, PoisonTopic: "poison." + topic})
	lossy, other := subscribe(t, c, topic, pubsub.SubscriberConfig{})
	raw, _ := subscribe(t, c, topic, pubsub.SubscriberConfig{Raw: true})
	publish(t, c, topic, future, "good")
	require.Equal(t, []string{"good"}, payloads(t, messages, 1))
	require.Equal(t, []string{"good"}, payloads(t, lossy, 1))
	require.Equal(t, []string{future, "good"}, payloads(t, raw, 2))
	msg := receive(t, poisoned)
	require.Equal(t, future, string(msg.Payload))
	require.Equal(t, handoff.KindMalformed, msg.Metadata[handoff.KeyKind])
	msg.Ack()
	require.EqualValues(t, 1, statsOf(t, s).Poisoned)
	require.Equal(t, pubsub.Lost{Malformed: 1}, statsOf(t, other).Lost)
}

// hanging is a publisher that looks at no context.
type hanging struct{ until chan struct{} }

func (h hanging) Publish(string, ...*message.Message) error {
	<-h.until
	return nil
}
func (hanging) Close() error { return nil }

func TestCloseDoesNotWaitForAPoisonPublisherThatHangs(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(), client(t)
	hangs := hanging{make(chan struct{})}
	defer close(hangs.until)
	messages, s := subscribe(t, c, topic, pubsub.SubscriberConfig{
		MaxRedeliveries: -1, Poison: hangs, DrainTimeout: 10 * time.Millisecond,
	})
	publish(t, c, topic, "bad")
	receive(t, messages).Nack()
	require.NoError(t, s.Close())
	require.Equal(t, pubsub.Lost{Rejected: 1}, statsOf(t, s).Lost)
}
