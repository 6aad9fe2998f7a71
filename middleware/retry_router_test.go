package middleware_test

import (
	"testing"
	"time"

	wm "github.com/ThreeDotsLabs/watermill/message/router/middleware"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/middleware"
)

var quick = middleware.Retry{MaxAttempts: 3, InitialInterval: time.Millisecond}

func TestRetryInARouterPublishesTheLastAttemptOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	calls := 0
	w.run(func(msg *message.Message) ([]*message.Message, error) {
		calls++
		if err := w.publisher.Publish(w.out, output(msg, "published by the handler")); err != nil {
			return nil, err
		}
		if calls < 3 {
			return nil, errHiccup
		}
		return message.Messages{output(msg, "returned")}, nil
	}, quick.Middleware)
	w.publish("1")
	w.settled()
	require.Equal(t, 3, calls)
	require.Equal(t, []string{"published by the handler", "returned"}, w.published(w.out))
}

// Watermill's own poison queue acknowledges a message that has failed for good:
// what its attempts staged must not come out with that.
func TestRetryInsideAPoisonQueueLeavesOnlyThePoison(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	poison, err := wm.PoisonQueue(w.publisher, w.in+"poison")
	require.NoError(t, err)
	w.run(func(msg *message.Message) ([]*message.Message, error) {
		if err := w.publisher.Publish(w.out, output(msg, "of "+msg.UUID)); err != nil {
			return nil, err
		}
		if msg.UUID == "bad" {
			return nil, errHiccup
		}
		return nil, nil
	}, poison, quick.Middleware)
	w.publish("bad", "good")
	w.settled()
	require.Equal(t, []string{"bad"}, w.published(w.in+"poison"))
	require.Equal(t, []string{"of good"}, w.published(w.out))
	require.Contains(t, w.messages(w.in + "poison")[0].Metadata[wm.ReasonForPoisonedKey], "given up after 3 attempts: hiccup")
}

// A bare router rejects what is exhausted; it comes again, with attempts anew.
func TestAnExhaustedMessageComesAgainInABareRouter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	calls := 0
	w.run(failing(4, errHiccup, &calls), quick.Middleware)
	w.publish("1")
	w.settled()
	require.Equal(t, []string{"made by call 5"}, w.published(w.out))
}
