package streams_test

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/streams"
)

// Messages that are at work beside the one that kills the process die with it, too,
// again and again: they must not go to the poison topic with it.
func TestMessagesBesideTheOneThatKillsAreNotGivenUp(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	publish(t, c, topic, "killer", "a", "b", "c")
	config := streams.SubscriberConfig{
		Concurrency: 4, MaxUnfinished: 4, IdleTime: 300 * time.Millisecond, DrainTimeout: time.Millisecond, Logger: discard,
	}
	// Each time it takes less than the others need.
	for deaths := 0; deaths < config.MaxUnfinished; {
		dying := redis.NewClient(c.Options())
		s, err := streams.NewSubscriber(dying, "g", config)
		require.NoError(t, err)
		messages, err := s.Subscribe(context.Background(), topic)
		require.NoError(t, err)
		for died := false; !died; {
			msg := receive(t, messages)
			if msg.UUID == "killer" {
				time.Sleep(100 * time.Millisecond) // for the others to begin
				require.NoError(t, dying.Close())
				died = true
				continue
			}
			time.AfterFunc(500*time.Millisecond, func() { msg.Ack() })
		}
		deaths++
		require.NoError(t, s.Close())
	}
	messages, _ := subscribe(t, c, topic, config)
	go func() {
		for msg := range messages {
			msg.Ack()
		}
	}()
	settled(t, c, topic)
	require.Equal(t, []string{"killer"}, uuids(decoded(t, c, topic+":poison")))
}
