package streams_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/tests"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/streams"
)

// Watermill's own suite for any Pub/Sub, with a server that is killed with
// SIGKILL in the middle and comes back with its append-only file.
func TestWatermillUniversalSuite(t *testing.T) {
	own := redistest.Start(t, redistest.AOF(), redistest.Supervised())
	client := own.Client(t)
	constructor := func(t *testing.T, group string) (message.Publisher, message.Subscriber) {
		t.Helper()
		publisher, err := streams.NewPublisher(client, streams.PublisherConfig{})
		require.NoError(t, err)
		subscriber, err := streams.NewSubscriber(client, group, streams.SubscriberConfig{
			// The suite closes subscribers whose messages it does not settle.
			DrainTimeout: 50 * time.Millisecond,
		})
		require.NoError(t, err)
		// The suite forgets to close some.
		t.Cleanup(func() { require.NoError(t, subscriber.Close()) })
		if strings.Contains(t.Name(), "/TestReconnect/") {
			n := newNoted()
			return n.publisher(publisher), n.subscriber(subscriber)
		}
		return publisher, subscriber
	}
	features := tests.Features{
		ConsumerGroups:                      true,
		GuaranteedOrder:                     true,
		GuaranteedOrderWithSingleSubscriber: true,
		Persistent:                          true,
		NewSubscriberReceivesOldMessages:    true,
		RestartServiceCommand:               own.KillCommand(),
	}
	if raceEnabled {
		// The suite's TestReconnect reads, without waiting for it, what another of
		// its goroutines writes, and the detector says so whatever is tested.
		// TestReconnect of this package does the same steps; the suite's own runs
		// without the detector.
		features.RestartServiceCommand = nil
	}
	tests.TestPubSub(t, features,
		func(t *testing.T) (message.Publisher, message.Subscriber) {
			t.Helper()
			return constructor(t, "group-"+watermill.NewShortUUID())
		},
		constructor,
	)
}
