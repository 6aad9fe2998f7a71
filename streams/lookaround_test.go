package streams_test

import (
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/streams"
)

// A process that only publishes to topics with a bound, and one that only waits for a
// pipeline to be idle: neither has a subscription that would look for the new master.
func TestWhoHasNoSubscriptionFindsTheNewMasterOfACluster(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t, 1)
	topic := newTopic(t)
	publish(t, cluster.Client(t), topic, "1")
	bounded := newPublisher(t, cluster.Client(t), streams.PublisherConfig{MaxLen: 1000})
	waiting := newFan(t).transport(t, cluster.Client(t))
	calls := map[string]func() error{
		"publish with a bound": func() error { return bounded.Publish(topic, message.NewMessage("2", nil)) },
		"look whether idle": func() error {
			_, err := waiting.Idle(t.Context(), []handoff.Subscription{{Topic: topic, Group: "g"}})
			return err
		},
	}
	for name, call := range calls {
		require.NoError(t, call(), name)
	}
	shard := cluster.Shard(t, topic)
	shard.Replicas[0].CatchUp(t, shard.Master)
	shard.Master.Kill(t)
	for _, call := range calls { // each learns that the master is away
		_ = call()
	}
	cluster.AwaitPromotion(t, topic, shard.Master)
	for name, call := range calls {
		found := false
		for deadline := time.Now().Add(10 * time.Second); !found && time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
			found = call() == nil
		}
		if !found {
			t.Errorf("%s: the new master was not found in 10 seconds", name)
		}
	}
}
