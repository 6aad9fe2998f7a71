package pubsub_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/tests"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/pubsub"
)

// Watermill's own suite for any Pub/Sub. Most of it publishes first and subscribes
// then, which live messages are not for; before it publishes it calls
// SubscribeInitialize, and so it is there that [early] subscribes.
func TestWatermillUniversalSuite(t *testing.T) {
	constructor := func(t *testing.T, _ string) (message.Publisher, message.Subscriber) {
		t.Helper()
		publisher := newPublisher(t, client(t), pubsub.PublisherConfig{Envelope: true})
		subscriber := newSubscriber(t, client(t), pubsub.SubscriberConfig{
			Buffer:    10_000,
			NackDelay: time.Millisecond,
			// The suite closes subscribers whose messages it does not settle.
			DrainTimeout: 50 * time.Millisecond,
		})
		return publisher, &early{Subscriber: subscriber, waiting: map[string][]subscribed{}}
	}
	tests.TestPubSub(t, tests.Features{
		// What the suite means by it: without a Nack nothing comes twice.
		ExactlyOnceDelivery:                 true,
		GuaranteedOrder:                     true,
		GuaranteedOrderWithSingleSubscriber: true,
		RequireSingleInstance:               true,
	}, func(t *testing.T) (message.Publisher, message.Subscriber) {
		t.Helper()
		return constructor(t, "")
	}, constructor)
}

// early subscribes as often as the suite may want to, and hands these subscriptions
// out one after the other.
type early struct {
	*pubsub.Subscriber
	mu      sync.Mutex
	waiting map[string][]subscribed
}

type subscribed struct {
	messages <-chan *message.Message
	cancel   context.CancelFunc
}

func (e *early) SubscribeInitialize(topic string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for range 4 {
		ctx, cancel := context.WithCancel(context.Background())
		messages, err := e.Subscriber.Subscribe(ctx, topic)
		if err != nil {
			cancel()
			return err
		}
		e.waiting[topic] = append(e.waiting[topic], subscribed{messages, cancel})
	}
	return nil
}

func (e *early) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	waiting := e.waiting[topic]
	if len(waiting) == 0 {
		return e.Subscriber.Subscribe(ctx, topic)
	}
	e.waiting[topic] = waiting[1:]
	context.AfterFunc(ctx, waiting[0].cancel)
	return waiting[0].messages, nil
}

func TestTheSuitesSubscriberIsOurs(t *testing.T) {
	e := &early{Subscriber: newSubscriber(t, client(t), pubsub.SubscriberConfig{}), waiting: map[string][]subscribed{}}
	topic := newTopic()
	require.NoError(t, e.SubscribeInitialize(topic))
	publish(t, client(t), topic, "1")
	for range 4 {
		messages, err := e.Subscribe(t.Context(), topic)
		require.NoError(t, err)
		require.Equal(t, []string{"1"}, payloads(t, messages, 1))
	}
}
