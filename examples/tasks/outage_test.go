package main

import (
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/redistest"
)

func TestAnAPIThatIsKilledBetweenSavingAndPublishingLosesNothing(t *testing.T) {
	t.Parallel()
	redis, dir := redistest.Start(t), t.TempDir()
	api, w := part(t, "api", "-redis", redis.URL(), "-data", dir)
	redis.Pause(t) // so that nothing can be published
	w.create("saved")
	assert.Equal(t, `{"outbox":1,"tasks":1}`+"\n", w.call("GET", "/stats", "").body)
	api.Kill()
	redis.Resume(t)
	require.Zero(t, redis.Client(t).XLen(t.Context(), "{tasks}:events").Val(), "it was killed before it had published")

	_, _ = part(t, "api", "-redis", redis.URL(), "-data", dir)
	_, w = part(t, "index", "-redis", redis.URL(), "-data", dir, "-from", fromStreams)
	w.awaitFound("q=saved", 1)
}

func TestWhileRedisIsAwayTasksAreSavedAndThenTheirEventsCome(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.AOF())
	_, w := serve(t, "-redis", server.URL())
	w.create("early")
	w.awaitFound("q=early", 1)
	server.Kill(t)
	w.awaitStatus("/health", 503)
	for i := range 20 {
		w.create(fmt.Sprintf("while%d", i))
	}
	assert.Equal(t, 20, w.stats().Store.Outbox)
	assert.Equal(t, 503, w.call("POST", "/indexes/streams/rebuild", "").status)
	n, status := w.finds("q=early")
	assert.Equal(t, []int{1, 200}, []int{n, status}, "what is in the index is found all the same")
	server.Restart(t)
	w.awaitFound("q=while*", 20)
	w.awaitStatus("/health", 200)
	assert.Zero(t, w.stats().Indexes[fromStreams].Differences.Wrong())
	// Each event is in the stream once, whatever replies were lost.
	entries, err := server.Client(t).XRange(t.Context(), "{tasks}:events", "-", "+").Result()
	require.NoError(t, err)
	assert.Len(t, ids(entries), len(entries))
	assert.Len(t, entries, 21)
}

func TestARunThatCannotClearRedisSaysSo(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	client := redis.NewClient(&redis.Options{Addr: server.Client(t).Options().Addr})
	s := system{command: &command{}, redis: client}
	remove, err := s.place(t.Context())
	require.NoError(t, err)
	require.DirExists(t, s.dir)
	require.NoError(t, client.Close())
	require.ErrorContains(t, remove(), "begin the next one with -reset")
	assert.NoDirExists(t, s.dir)
}

func TestAnIndexIsNotRebuiltOfWhatIsNotThereAnyMore(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	client := server.Client(t)
	_, w := serve(t, "-redis", server.URL())
	w.create("one")
	w.create("two")
	w.awaitFound("q=one+two", 2)
	entries, err := client.XRange(t.Context(), "{tasks}:events", "-", "+").Result()
	require.NoError(t, err)
	for _, e := range entries { // first the first, then all
		require.NoError(t, client.XDel(t.Context(), "{tasks}:events", e.ID).Err())
		got := w.call("POST", "/indexes/streams/rebuild", "")
		assert.Equal(t, 409, got.status)
		assert.Contains(t, got.body, "not all events are there")
	}
	n, _ := w.finds("q=one+two")
	assert.Equal(t, 2, n)
}

func ids(entries []redis.XMessage) map[any]struct{} {
	all := make(map[any]struct{})
	for _, e := range entries {
		all[e.Values["_watermill_message_uuid"]] = struct{}{}
	}
	return all
}
