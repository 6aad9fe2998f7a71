package streams_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/streams"
)

func TestAbandonedMessagesAreTakenOverThoughTheParkingSetIsNone(t *testing.T) {
	t.Parallel()
	topic, c := newTopic(t), client(t)
	publish(t, c, topic, "1", "2", "3")
	die(t, c, topic, 3)
	var said logs
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{IdleTime: shortIdle, Logger: said.logger()})
	require.NoError(t, c.Set(t.Context(), topic+":parked:g", "no set", 0).Err())
	ids := []string{}
	for range 3 {
		msg := receive(t, messages)
		require.Equal(t, 2, attempt(msg))
		ids = append(ids, msg.UUID)
		msg.Ack()
	}
	require.ElementsMatch(t, []string{"1", "2", "3"}, ids)
	settled(t, c, topic)
	eventually(t, func() bool { return said.count(topic+":parked:g is a string and should be a zset") > 0 }, "not reported")
	require.NoError(t, c.Del(t.Context(), topic+":parked:g").Err())
	eventually(t, func() bool { return said.count("claiming works again") > 0 }, "not over")
}
