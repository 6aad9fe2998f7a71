package pubsub_test

import (
	"errors"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/pubsub"
)

var _ pipeline.Transport = (*pubsub.Transport)(nil)

func TestATransportMakesWhatAStageAsksFor(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(), client(t)
	poison := newPublisher(t, c, pubsub.PublisherConfig{Envelope: true})
	transport, err := pubsub.NewTransport(c, pubsub.Config{
		Publisher:  pubsub.PublisherConfig{Envelope: true},
		Subscriber: pubsub.SubscriberConfig{MaxRedeliveries: -1, Poison: poison},
	})
	require.NoError(t, err)
	p, err := transport.Publisher()
	require.NoError(t, err)
	s, err := transport.Subscriber(handoff.Subscription{
		Topic: topic, Group: "charge", Pipeline: "orders", Concurrency: 2, Poison: topic + ".dead", DrainTimeout: time.Second,
	})
	require.NoError(t, err)
	messages, err := s.Subscribe(t.Context(), topic)
	require.NoError(t, err)
	dead, other := subscribe(t, c, topic+".dead", pubsub.SubscriberConfig{})

	require.NoError(t, p.Publish(topic, message.NewMessage("1", nil), message.NewMessage("2", nil)))
	receive(t, messages).Nack()
	receive(t, messages).Ack()
	msg := receive(t, dead)
	require.Equal(t, "charge", msg.Metadata[handoff.KeyHandler])
	require.Equal(t, "orders", msg.Metadata[handoff.KeyPipeline])
	msg.Ack()
	require.NoError(t, other.Close())

	require.NoError(t, s.Close())
	require.NoError(t, p.Close())
	stats := statsOf(t, transport)
	require.EqualValues(t, 2, stats.Received, "also after the subscriber is closed")
	require.EqualValues(t, 1, stats.Acked)
	require.EqualValues(t, 1, stats.Poisoned)
}

func TestATransportRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	_, err := pubsub.NewTransport(client(t), pubsub.Config{Publisher: pubsub.PublisherConfig{Sharded: true}})
	require.ErrorContains(t, err, "set Sharded for Publisher and Subscriber")
	transport, err := pubsub.NewTransport(client(t), pubsub.Config{})
	require.NoError(t, err)
	_, err = transport.Subscriber(handoff.Subscription{Topic: "t", Concurrency: -1})
	require.ErrorContains(t, err, "Concurrency")
	_, err = transport.Subscriber(handoff.Subscription{Topic: "t", Ordered: true})
	require.ErrorIs(t, err, errors.ErrUnsupported)
}

func TestATransportThatNobodyMadeReturnsErrors(t *testing.T) {
	t.Parallel()
	for name, transport := range map[string]*pubsub.Transport{"nil": nil, "zero": {}} {
		_, err := transport.Publisher()
		require.ErrorContains(t, err, "NewTransport", name)
		_, err = transport.Subscriber(handoff.Subscription{Topic: "t"})
		require.ErrorContains(t, err, "NewTransport", name)
		require.Empty(t, transport.Stats(), name)
	}
}
