package streams_test

import (
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/commit"
	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/streams"
)

// failed puts a message aside as one whose handler failed that often since then.
func failed(t *testing.T, msg *message.Message, n int, since time.Time) {
	t.Helper()
	h := handoff.FromContext(msg.Context())
	require.NoError(t, h.PutAside(handoff.Aside{For: time.Millisecond, History: handoff.History{Failures: n, Failing: since}}))
}

func requireFailures(t *testing.T, msg *message.Message, n int, since time.Time) {
	t.Helper()
	h := handoff.FromContext(msg.Context())
	require.Equal(t, n, h.Failures)
	require.True(t, since.Equal(h.Failing), "%v, want %v", h.Failing, since)
}

// Deliveries are no failures: some end with a process, some with a wait. So the
// failures of a message are kept apart, for whoever gets it next.
func TestFailuresAreKnownWhenAMessageComesAgain(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]streams.SubscriberConfig{
		"in any order": {IdleTime: shortIdle}, "in order": {Ordered: true, IdleTime: shortIdle},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			topic, frozen := newTopic(t), client(t)
			publish(t, frozen, topic, "1")
			config.Consumer = "frozen"
			frozen.AddHook(noRenewals{})
			messages, _ := subscribe(t, frozen, topic, config)
			since := time.UnixMilli(1_700_000_000_123)

			msg := receive(t, messages)
			requireFailures(t, msg, 0, time.Time{})
			failed(t, msg, 3, since)
			msg.Nack() // what is put aside is, however it is settled

			msg = receive(t, messages)
			requireFailures(t, msg, 3, since)
			require.NoError(t, handoff.FromContext(msg.Context()).PutAside(handoff.Aside{For: time.Millisecond}))
			msg.Ack() // to be put aside for another reason is no news of failures

			msg = receive(t, messages)
			requireFailures(t, msg, 3, since)
			failed(t, msg, 4, since)
			msg.Ack()
			stuck := receive(t, messages) // as with a process that froze
			defer stuck.Nack()

			config.Consumer = "next"
			next, _ := subscribe(t, client(t), topic, config)
			msg = receive(t, next)
			requireFailures(t, msg, 4, since)
			msg.Ack()
			c := client(t)
			settled(t, c, topic)
			require.Zero(t, c.Exists(t.Context(), commit.UnfinishedKey(topic, "g")).Val(), "something is left of it")
		})
	}
}

// A message that is not worked on yet is no attempt and no failure.
func TestAMessageThatIsPutAsideUncountedIsAtItsFirstAttempt(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]streams.SubscriberConfig{"in any order": {}, "in order": {Ordered: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			topic, c := newTopic(t), client(t)
			publish(t, c, topic, "1")
			messages, _ := subscribe(t, c, topic, config)
			for range 3 {
				msg := receive(t, messages)
				require.Equal(t, 1, attempt(msg))
				h := handoff.FromContext(msg.Context())
				require.NoError(t, h.PutAside(handoff.Aside{For: time.Millisecond, Uncounted: true}))
				msg.Nack()
			}
			receive(t, messages).Ack()
			settled(t, c, topic)
		})
	}
}

// When the process stops during the wait, the next one goes on from there.
func TestWhatAStopCutsShortIsKnownToTheNext(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		aside   handoff.Aside
		attempt int
	}{
		"a failure":                  {handoff.Aside{For: time.Hour, History: handoff.History{Failures: 2, Failing: time.UnixMilli(5), Repeats: 1}}, 2},
		"a wait that does not count": {handoff.Aside{For: time.Hour, Uncounted: true}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			topic, c1 := newTopic(t), client(t)
			publish(t, c1, topic, "1")
			messages, s := subscribe(t, c1, topic, streams.SubscriberConfig{Ordered: true})
			msg := receive(t, messages)
			require.NoError(t, handoff.FromContext(msg.Context()).PutAside(c.aside))
			msg.Ack()
			require.NoError(t, s.Close())
			next, _ := subscribe(t, client(t), topic, streams.SubscriberConfig{Ordered: true})
			msg = receive(t, next)
			require.Equal(t, c.attempt, attempt(msg))
			requireFailures(t, msg, c.aside.Failures, c.aside.Failing)
			msg.Ack()
			settled(t, c1, topic)
		})
	}
}
