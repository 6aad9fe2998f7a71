package reliability

import (
	"testing"

	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/redistest"
)

func TestEachMessageIsAccountedForOnce(t *testing.T) {
	ctx := t.Context()
	b := books{client: redistest.Start(t).Client(t), in: "in", out: "out", group: "g", poison: "poison"}
	add := func(stream, id string) {
		t.Helper()
		values, err := redisstream.DefaultMarshallerUnmarshaller{}.Marshal(stream, message.NewMessage(id, nil))
		require.NoError(t, err)
		require.NoError(t, b.client.XAdd(ctx, &redis.XAddArgs{Stream: stream, Values: values}).Err())
	}
	all := []string{"delivered", "doubled", "poisoned", "pending", "unread", "trimmed", "done-and-gone"}
	account := func() Account {
		t.Helper()
		a, err := b.account(ctx, all)
		require.NoError(t, err)
		return a
	}
	require.Equal(t, Account{Published: 7, Lost: 7}, account())

	for _, id := range []string{"delivered", "doubled", "poisoned", "done-and-gone", "pending"} {
		add(b.in, id)
	}
	require.Equal(t, Account{Published: 7, Waiting: 5, Lost: 2}, account(), "without a group all wait")
	require.NoError(t, b.client.XGroupCreate(ctx, b.in, b.group, "0").Err())
	read, err := b.client.XReadGroup(ctx, &redis.XReadGroupArgs{Group: b.group, Consumer: "c", Streams: []string{b.in, ">"}}).Result()
	require.NoError(t, err)
	for _, entry := range read[0].Messages[:4] {
		require.NoError(t, b.client.XAck(ctx, b.in, b.group, entry.ID).Err())
	}
	add(b.in, "unread")
	for _, id := range []string{"delivered", "doubled", "doubled", "doubled"} {
		add(b.out, id)
	}
	add(b.poison, "poisoned")
	require.Equal(t, Account{Published: 7, Delivered: 2, Doubled: 2, Poisoned: 1, Waiting: 2, Lost: 2}, account())
	require.Equal(t, "2 of 7 delivered, 2 lost, 2 doubled, 2 waiting, 1 poisoned", account().String())

	require.NoError(t, b.client.XTrimMaxLen(ctx, b.in, 0).Err())
	require.Equal(t, Account{Published: 7, Delivered: 2, Doubled: 2, Poisoned: 1, Lost: 4}, account(), "what is trimmed is lost, though it is pending")
}
