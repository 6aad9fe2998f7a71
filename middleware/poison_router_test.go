package middleware_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	wm "github.com/ThreeDotsLabs/watermill/message/router/middleware"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/middleware"
)

func (w world) poison() string { return w.in + "poison" }

func (w world) newPoisonQueue(config middleware.PoisonConfig) *middleware.PoisonQueue {
	w.t.Helper()
	poison, err := middleware.NewPoisonQueue(w.publisher, w.poison(), config)
	require.NoError(w.t, err)
	return poison
}

// In a bare router on Redis: poison and acknowledgement are one step, and nothing
// that a failed run published comes out.
func TestInARouterAFailedMessageIsPoisonedInOneStep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	calls := 0
	w.run(func(msg *message.Message) ([]*message.Message, error) {
		if err := w.publisher.Publish(w.out, output(msg, "of "+msg.UUID)); err != nil {
			return nil, err
		}
		switch msg.UUID {
		case "permanent":
			return nil, middleware.Permanent(errors.New("no such account"))
		case "panic":
			calls++
			panic(msg.UUID)
		}
		return nil, nil
	}, middleware.Chain{
		PoisonQueue: w.newPoisonQueue(middleware.PoisonConfig{Pipeline: "bank"}).Middleware,
		Retry:       quick.Middleware, Recoverer: wm.Recoverer,
	}.Middleware)
	payload := make([]byte, 256)
	for i := range payload {
		payload[i] = byte(i)
	}
	before := time.Now().Truncate(time.Second)
	for _, id := range []string{"permanent", "panic", "good"} {
		require.NoError(t, w.publisher.Publish(w.in, message.NewMessage(id, payload)))
	}
	w.settled()
	require.Equal(t, []string{"of good"}, w.published(w.out))
	poisoned := w.messages(w.poison())
	slices.SortFunc(poisoned, func(a, b *message.Message) int { return len(b.UUID) - len(a.UUID) })
	require.Len(t, poisoned, 2)
	for i, want := range []struct{ reason, kind, attempts string }{
		{"no such account", "permanent", "1"},
		{"panic: panic", "exhausted", "3"},
	} {
		got := poisoned[i]
		require.Equal(t, message.Payload(payload), got.Payload)
		failedAt, err := time.Parse(time.RFC3339, got.Metadata["millstream_failed_at"])
		require.NoError(t, err)
		require.WithinRange(t, failedAt, before, time.Now())
		require.Regexp(t, `^\d+-\d+$`, got.Metadata["millstream_entry_id"])
		require.Equal(t, want.reason, got.Metadata[wm.ReasonForPoisonedKey])
		require.Equal(t, want.kind, got.Metadata["millstream_poison_kind"])
		require.Equal(t, want.attempts, got.Metadata["millstream_attempts"])
		require.Equal(t, w.in, got.Metadata[wm.PoisonedTopicKey])
		require.Equal(t, "handler", got.Metadata[wm.PoisonedHandlerKey])
		require.Equal(t, "streams.Subscriber", got.Metadata[wm.PoisonedSubscriberKey])
		require.Equal(t, "bank", got.Metadata["millstream_pipeline"])
		require.NotEmpty(t, got.Metadata["millstream_error_chain"])
	}
	require.Equal(t, 3, calls)
}

func TestInARouterAMessageIsNotLostWhileItCannotBePoisoned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.client.Set(t.Context(), w.poison(), "no stream", 0).Err())
	called := make(chan struct{}, 100)
	w.run(func(*message.Message) ([]*message.Message, error) {
		called <- struct{}{}
		return nil, middleware.Permanent(errHiccup)
	}, w.newPoisonQueue(middleware.PoisonConfig{}).Middleware)
	w.publish("1")
	<-called
	require.Eventually(t, func() bool {
		return w.client.ZCard(t.Context(), w.in+":parked:g").Val() == 1
	}, patience, 2*time.Millisecond, "it was not put aside")
	require.NoError(t, w.client.Del(t.Context(), w.poison()).Err())
	w.settled()
	require.Equal(t, []string{"1"}, w.published(w.poison()))
}

// What Retry puts aside in a bare router comes again when its time has come, and
// other messages pass it meanwhile.
func TestInARouterAFailingMessageIsPutAside(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	calls := 0
	w.run(func(msg *message.Message) ([]*message.Message, error) {
		if msg.UUID == "bad" {
			if calls++; calls < 5 {
				return nil, errHiccup
			}
		}
		return message.Messages{output(msg, msg.UUID)}, nil
	}, middleware.Retry{HoldUpTo: -1, InitialInterval: 300 * time.Millisecond, MaxInterval: 300 * time.Millisecond}.Middleware)
	w.publish("bad", "good")
	w.settled()
	require.Equal(t, []string{"good", "bad"}, w.published(w.out))
	require.Equal(t, 5, calls)
}

// What is not valid does not reach the handler, and is in the poison topic with why.
func TestInARouterAnInvalidMessageIsPoisonedUnhandled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	chain := middleware.DefaultChain(w.newPoisonQueue(middleware.PoisonConfig{}))
	chain.Validate = middleware.Validate(func(msg *message.Message) error {
		if msg.UUID == "bad" {
			return errors.New("it has no customer")
		}
		return nil
	})
	w.run(echo, chain.Middleware)
	w.publish("bad", "good")
	w.settled()
	require.Equal(t, []string{"good"}, w.published(w.out))
	require.Equal(t, []string{"bad"}, w.published(w.poison()))
	got := w.messages(w.poison())[0].Metadata
	require.Equal(t, "message not valid: it has no customer", got[wm.ReasonForPoisonedKey])
	require.Equal(t, "permanent", got["millstream_poison_kind"])
}
