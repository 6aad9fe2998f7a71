package streams_test

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/streams"
)

// A real process that stands still for longer than the idle time, as in a pause of
// its machine, wakes with a message that another has finished.
func TestAFrozenProcessIsOvertakenAndItsLateCommitFencedOff(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	publish(t, c, topic, "m")
	frozen := startChild(t, "holds a message", topic)
	require.NoError(t, c.BLPop(t.Context(), patience, topic+"holds").Err())
	require.NoError(t, frozen.cmd.Process.Signal(syscall.SIGSTOP))

	messages, s := subscribe(t, c, topic, streams.SubscriberConfig{IdleTime: childIdle})
	msg := receive(t, messages)
	require.Equal(t, 2, attempt(msg))
	require.NoError(t, newPublisher(t, c, streams.PublisherConfig{}).Publish(topic+"out", out(msg, "the quick one's")))
	msg.Ack()
	settled(t, c, topic)
	require.EqualValues(t, 1, s.Stats()[0].Reclaimed)

	require.NoError(t, c.RPush(t.Context(), topic+"goes on", "1").Err())
	require.NoError(t, frozen.cmd.Process.Signal(syscall.SIGCONT))
	require.NoError(t, c.BLPop(t.Context(), patience, topic+"fenced").Err(), "it does not find out")
	require.Zero(t, frozen.wait(t), frozen.stderr.String())
	require.Equal(t, []string{"the quick one's"}, uuids(decoded(t, c, topic+"out")))
	require.Empty(t, pendingOf(t, c, topic))
	require.Zero(t, s.Stats()[0].Fenced)
}
