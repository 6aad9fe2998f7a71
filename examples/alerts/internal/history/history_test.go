package history_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/alerts/internal/history"
	"github.com/millstream-go/millstream/internal/redistest"
)

var server *redistest.Server

func TestMain(m *testing.M) {
	os.Exit(redistest.Main(m, func(s *redistest.Server) { server = s }))
}

// empty returns a client of the server, with nothing in it.
func empty(t *testing.T) *redis.Client {
	t.Helper()
	client := server.Client(t)
	require.NoError(t, client.FlushAll(t.Context()).Err())
	return client
}

// add adds a message with an id of our choosing.
func add(t *testing.T, client *redis.Client, topic, id, text string) {
	t.Helper()
	values, err := redisstream.DefaultMarshallerUnmarshaller{}.Marshal(topic, message.NewMessage(id, []byte(text)))
	require.NoError(t, err)
	require.NoError(t, client.XAdd(t.Context(), &redis.XAddArgs{Stream: topic, ID: id, Values: values}).Err())
}

func texts(t *testing.T, client *redis.Client, topic string, from, to int64) (all []string) {
	t.Helper()
	for entry, err := range history.New(client).Between(t.Context(), topic, time.UnixMilli(from), time.UnixMilli(to)) {
		require.NoError(t, err)
		require.NotNil(t, entry.Message)
		assert.Equal(t, entry.ID, entry.Message.UUID)
		all = append(all, string(entry.Message.Payload))
	}
	return all
}

func TestARangeBeginsWithItsFirstMillisecondAndEndsBeforeItsLast(t *testing.T) {
	client := empty(t)
	for _, id := range []string{"999-7", "1000-0", "1000-1", "1500-0", "1999-9", "2000-0"} {
		add(t, client, "bounds", id, id)
	}
	assert.Equal(t, []string{"1000-0", "1000-1", "1500-0", "1999-9"}, texts(t, client, "bounds", 1000, 2000))
	assert.Empty(t, texts(t, client, "bounds", 1000, 1000))
	assert.Empty(t, texts(t, client, "nothing", 1000, 2000))
}

func TestALongHistoryIsReadWhole(t *testing.T) {
	client := empty(t)
	for i := range 1203 {
		add(t, client, "long", fmt.Sprintf("1000-%d", i), fmt.Sprint(i))
	}
	all := texts(t, client, "long", 1000, 1001)
	require.Len(t, all, 1203)
	assert.Equal(t, "1202", all[1202])
}

func TestWhatIsNoMessageIsShownToBeThere(t *testing.T) {
	client := empty(t)
	require.NoError(t, client.XAdd(t.Context(), &redis.XAddArgs{Stream: "foreign", ID: "5-0", Values: []string{"a", "b"}}).Err())
	n := 0
	for entry, err := range history.New(client).Between(t.Context(), "foreign", time.UnixMilli(5), time.UnixMilli(6)) {
		require.NoError(t, err)
		assert.Nil(t, entry.Message)
		assert.Equal(t, time.UnixMilli(5).UTC(), entry.At)
		n++
	}
	assert.Equal(t, 1, n)
}

func TestAFailureEndsTheReading(t *testing.T) {
	client := empty(t)
	require.NoError(t, client.Set(t.Context(), "text", "x", 0).Err())
	n := 0
	for _, err := range history.New(client).Between(t.Context(), "text", time.UnixMilli(5), time.UnixMilli(6)) {
		assert.ErrorContains(t, err, "read the history of text")
		n++
	}
	assert.Equal(t, 1, n)
	_, err := history.TimeOf("x-1")
	assert.ErrorContains(t, err, `"x-1" is no id`)
}
