package streams_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/streams"
)

func TestMessagesOfOneCallKeepTheirOrder(t *testing.T) {
	t.Parallel()
	const n = 3000 // more than one pipeline
	topic, c := newTopic(t), client(t)
	preload(t, c, topic, n)
	for i, id := range uuids(decoded(t, c, topic)) {
		require.Equal(t, strconv.Itoa(i), id)
	}
}

func TestConcurrentCallersMessagesAllArrive(t *testing.T) {
	t.Parallel()
	const callers, each = 64, 20
	topic, c := newTopic(t), client(t)
	publisher := newPublisher(t, c, streams.PublisherConfig{})
	var calling sync.WaitGroup
	for caller := range callers {
		calling.Go(func() {
			for i := range each {
				id := strconv.Itoa(caller*each + i)
				if err := publisher.Publish(topic, message.NewMessage(id, nil)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	calling.Wait()
	requireEachOnce(t, uuids(decoded(t, c, topic)), callers*each)
}

// One caller's failure is its own, though messages travel together.
func TestAFailureIsTheFailingCallersAlone(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	require.NoError(t, c.Set(t.Context(), topic+"broken", "no stream", 0).Err())
	publisher := newPublisher(t, c, streams.PublisherConfig{})
	var calling sync.WaitGroup
	for i := range 50 {
		calling.Go(func() {
			err := publisher.Publish(topic+"broken", message.NewMessage("x", nil))
			if err == nil || !redis.HasErrorPrefix(errors.Unwrap(err), "WRONGTYPE") {
				t.Errorf("want Redis's own error, got %v", err)
			}
		})
		calling.Go(func() {
			if err := publisher.Publish(topic, message.NewMessage(strconv.Itoa(i), nil)); err != nil {
				t.Error(err)
			}
		})
	}
	calling.Wait()
	requireEachOnce(t, uuids(decoded(t, c, topic)), 50)
}

func TestPublishEndsAtItsDeadlineAndSaysWhy(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t)
	for name, config := range map[string]streams.PublisherConfig{"plain": {}, "with a key": {IdempotencyKey: byUUID}} {
		topic, c := newTopic(t), own.Client(t)
		publisher := newPublisher(t, c, config)
		require.NoError(t, publisher.Publish(topic, message.NewMessage("connected", nil)))
		own.Pause(t)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		start := time.Now()
		err := publisher.Publish(topic, message.NewMessageWithContext(ctx, "late", nil))
		require.Less(t, time.Since(start), 2*time.Second, name)
		require.ErrorIs(t, err, context.DeadlineExceeded, name)
		require.ErrorContains(t, err, "Redis at "+own.Addr()+" did not answer in time")
		require.ErrorContains(t, err, topic+": 0 of 1 messages were added")
		own.Resume(t)
		require.NoError(t, publisher.Close())
	}
}

// Without a deadline, go-redis's timeouts are one.
func TestPublishWithoutADeadlineEndsAllTheSame(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t)
	own.Pause(t)
	for name, config := range map[string]streams.PublisherConfig{"plain": {}, "with a key": {IdempotencyKey: byUUID}} {
		c := redis.NewClient(&redis.Options{Addr: own.Addr(), ReadTimeout: 100 * time.Millisecond, MaxRetries: -1})
		defer c.Close()
		publisher := newPublisher(t, c, config)
		start := time.Now()
		err := publisher.Publish("topic", message.NewMessage("1", nil))
		require.ErrorContains(t, err, "Redis at "+own.Addr()+" cannot be reached", name)
		require.Less(t, time.Since(start), 5*time.Second)
	}
}

func TestPublishEndsWithItsContext(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t)
	topic, c := newTopic(t), own.Client(t)
	publisher := newPublisher(t, c, streams.PublisherConfig{})
	publish(t, c, topic, "connected")
	own.Pause(t)
	ctx, cancel := context.WithCancel(t.Context())
	var calling sync.WaitGroup
	errs := make(chan error, 2)
	for _, id := range []string{"on its way", "waiting"} {
		calling.Go(func() { errs <- publisher.Publish(topic, message.NewMessageWithContext(ctx, id, nil)) })
		time.Sleep(20 * time.Millisecond)
	}
	start := time.Now()
	cancel()
	calling.Wait()
	require.Less(t, time.Since(start), 2*time.Second)
	for range 2 {
		err := <-errs
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorContains(t, err, topic)
	}
	own.Resume(t)
	require.NoError(t, publisher.Close())
	require.NotContains(t, uuids(decoded(t, c, topic)), "waiting", "it was withdrawn before it was sent")
}

func TestWhatIsStagedAppearsWithTheAckAndNeverAfterANack(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	publish(t, c, topic, "1")
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{NackDelay: 10 * time.Millisecond})
	publisher := newPublisher(t, c, streams.PublisherConfig{})
	outputs := topic + "out"

	msg := receive(t, messages)
	require.NoError(t, publisher.Publish(outputs, out(msg, "rejected")))
	msg.Nack()
	msg = receive(t, messages)
	require.NoError(t, publisher.Publish(outputs, out(msg, "a"), message.NewMessage("direct", nil), out(msg, "b")))
	require.Equal(t, []string{"direct"}, uuids(decoded(t, c, outputs)), "only what is not staged is there before the ack")
	msg.Ack()
	settled(t, c, topic)
	require.Equal(t, []string{"direct", "a", "b"}, uuids(decoded(t, c, outputs)))
}

func TestNothingIsPublishedWithASettledDelivery(t *testing.T) {
	t.Parallel()
	for name, settle := range map[string]func(*message.Message) bool{
		"acknowledged": (*message.Message).Ack,
		"rejected":     (*message.Message).Nack,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			topic, c := newTopic(t), client(t)
			publish(t, c, topic, "1", "2")
			messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{NackDelay: time.Minute})
			msg := receive(t, messages)
			settle(msg)
			receive(t, messages).Ack() // the first is settled when the second comes
			err := newPublisher(t, c, streams.PublisherConfig{}).Publish(topic+"out", out(msg, "late"))
			require.ErrorIs(t, err, handoff.ErrSettled)
			require.ErrorContains(t, err, "already settled")
			require.ErrorContains(t, err, topic+"out")
		})
	}
}

// Another client may be another server: what is published there cannot be
// committed with the delivery.
func TestAPublisherOnAnotherClientPublishesAtOnce(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	publish(t, c, topic, "1")
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{})
	msg := receive(t, messages)
	require.NoError(t, newPublisher(t, client(t), streams.PublisherConfig{}).Publish(topic+"out", out(msg, "now")))
	require.Equal(t, []string{"now"}, uuids(decoded(t, c, topic+"out")))
	msg.Ack()
	settled(t, c, topic)
}

func TestMisuseIsAnErrorThatSaysWhat(t *testing.T) {
	t.Parallel()
	c := client(t)
	p := newPublisher(t, c, streams.PublisherConfig{})
	s := newSubscriber(t, c, streams.SubscriberConfig{})
	for want, misuse := range map[string]func() error{
		"the Redis client is nil": func() error { _, err := streams.NewPublisher(nil, streams.PublisherConfig{}); return err },
		"client is nil": func() error {
			_, err := streams.NewSubscriber((*redis.Client)(nil), "g", streams.SubscriberConfig{})
			return err
		},
		"nil: make one":         func() error { _, err := streams.NewTransport(nil, streams.Config{}); return err },
		"the message is nil":    func() error { return p.Publish("topic", nil) },
		"publish: the topic":    func() error { return p.Publish("", message.NewMessage("1", nil)) },
		"subscribe: the topic":  func() error { _, err := s.Subscribe(context.Background(), ""); return err },
		"consumer group has no": func() error { _, err := streams.NewSubscriber(c, "", streams.SubscriberConfig{}); return err },
		"a Concurrency of -1": func() error {
			_, err := streams.NewSubscriber(c, "g", streams.SubscriberConfig{Concurrency: -1})
			return err
		},
		"-1s for IdleTime": func() error {
			_, err := streams.NewSubscriber(c, "g", streams.SubscriberConfig{IdleTime: -time.Second})
			return err
		},
		"one message at a time": func() error {
			_, err := streams.NewSubscriber(c, "g", streams.SubscriberConfig{Ordered: true, Concurrency: 2})
			return err
		},
		"IdempotencyTTL of 1": func() error {
			_, err := streams.NewPublisher(c, streams.PublisherConfig{IdempotencyTTL: 1})
			return err
		},
		"panic: boom": func() error {
			return newPublisher(t, c, streams.PublisherConfig{Marshaller: wild{marshal: func() { panic("boom") }}}).Publish("t", message.NewMessage("1", nil))
		},
		"has 3501 fields": func() error {
			return newPublisher(t, c, streams.PublisherConfig{Marshaller: wide(3501)}).Publish("t", message.NewMessage("1", nil))
		},
	} {
		t.Run(want, func(t *testing.T) {
			require.NotPanics(t, func() { require.ErrorContains(t, misuse(), want) })
		})
	}
	require.NoError(t, p.Publish("topic"), "no messages are no fault")
}

// wide is a marshaller that makes so many fields.
type wide int

func (wide) Unmarshal(map[string]any) (*message.Message, error) {
	return message.NewMessage("", nil), nil
}

func (w wide) Marshal(string, *message.Message) (map[string]any, error) {
	fields := map[string]any{}
	for i := range int(w) {
		fields[strconv.Itoa(i)] = ""
	}
	return fields, nil
}
