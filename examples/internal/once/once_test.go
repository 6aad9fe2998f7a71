package once_test

import (
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/internal/once"
	"github.com/millstream-go/millstream/internal/demoredis"
	"github.com/millstream-go/millstream/streams"
	"github.com/millstream-go/millstream/tracing"
)

func TestAMessageThatIsPublishedAgainIsThereOnce(t *testing.T) {
	client, stop, err := demoredis.Start()
	require.NoError(t, err)
	defer stop()
	publisher, err := once.NewPublisher(client, streams.PublisherConfig{}, tracing.Config{})
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, publisher.Publish("topic", message.NewMessage("1", nil), message.NewMessage("2", nil)))
	}
	assert.EqualValues(t, 2, client.XLen(t.Context(), "topic").Val())
	require.NoError(t, publisher.Close())
	require.Error(t, publisher.Publish("topic", message.NewMessage("3", nil)))
	require.NoError(t, client.Ping(t.Context()).Err(), "the client stays open")
}

func TestWithoutAClientThereIsAnError(t *testing.T) {
	_, err := once.NewPublisher(nil, streams.PublisherConfig{}, tracing.Config{})
	require.Error(t, err)
}
