package flow_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/internal/apptest"
	"github.com/millstream-go/millstream/examples/tasks/internal/flow"
	"github.com/millstream-go/millstream/examples/tasks/internal/task"
	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/pubsub"
	"github.com/millstream-go/millstream/streams"
)

var server *redistest.Server

func TestMain(m *testing.M) { os.Exit(redistest.Main(m, func(s *redistest.Server) { server = s })) }

// empty returns a client of a Redis with nothing in it.
func empty(t *testing.T) *redis.Client {
	t.Helper()
	client := server.Client(t)
	require.NoError(t, client.FlushAll(t.Context()).Err())
	return client
}

var quiet = slog.New(slog.DiscardHandler)

func event(number int64) task.Event {
	return task.Event{Number: number, Kind: task.Updated, Task: task.Task{ID: "a", Version: number}}
}

// outbox is one in memory.
type outbox struct {
	mu      sync.Mutex
	unsent  []task.Unsent
	failing int // calls of Sent that fail
	changed chan struct{}
	empty   chan struct{}
}

func newOutbox(events ...task.Event) *outbox {
	o := &outbox{changed: make(chan struct{}, 1), empty: make(chan struct{})}
	for _, e := range events {
		o.unsent = append(o.unsent, task.Unsent{Event: e})
	}
	return o
}

// Unsent returns the first ones.
func (o *outbox) Unsent(_ context.Context, limit int) ([]task.Unsent, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.unsent[:min(limit, len(o.unsent))], nil
}

// Sent takes some out.
func (o *outbox) Sent(_ context.Context, number int64) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failing > 0 {
		o.failing--
		return errors.New("the disk is full")
	}
	for len(o.unsent) > 0 && o.unsent[0].Event.Number <= number {
		if o.unsent = o.unsent[1:]; len(o.unsent) == 0 {
			close(o.empty)
		}
	}
	return nil
}

// Changed never has anything.
func (o *outbox) Changed() <-chan struct{} { return o.changed }

// relay runs a relay until the outbox is empty.
func relay(t *testing.T, client *redis.Client, o *outbox) {
	t.Helper()
	r, err := flow.NewRelay(o, client, flow.Prefix+"events", quiet)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var running sync.WaitGroup
	running.Go(func() { r.Run(ctx) })
	<-o.empty
	stop()
	running.Wait()
	require.NoError(t, r.Close())
}

// replayed returns the numbers of the events in the stream.
func replayed(t *testing.T, client *redis.Client) (numbers []int64, err error) {
	t.Helper()
	err = flow.Replay(t.Context(), client, flow.Prefix+"events", func(events []task.Event) error {
		for _, e := range events {
			numbers = append(numbers, e.Number)
		}
		return nil
	})
	return numbers, err
}

func TestAnEventIsInTheStreamOnceHoweverOftenTheOutboxCannotBeCleared(t *testing.T) {
	client := empty(t)
	var events []task.Event
	var want []int64
	for n := int64(1); n <= 1234; n++ { // more than a batch, and than a page
		events, want = append(events, event(n)), append(want, n)
	}
	o := newOutbox(events...)
	o.failing = 2
	relay(t, client, o)
	relay(t, client, newOutbox(events[:50]...)) // as after a crash
	got, err := replayed(t, client)
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

func TestAReplayOfAStreamThatLacksEventsIsRefused(t *testing.T) {
	client := empty(t)
	relay(t, client, newOutbox(event(1), event(2), event(4)))
	_, err := replayed(t, client)
	require.ErrorIs(t, err, task.ErrNoHistory)
	assert.ErrorContains(t, err, "number 4 after number 2")
}

func TestAReplayPassesOverWhatIsNoEvent(t *testing.T) {
	client := empty(t)
	relay(t, client, newOutbox(event(1)))
	require.NoError(t, client.XAdd(t.Context(), &redis.XAddArgs{Stream: flow.Prefix + "events", Values: []string{"a", "b"}}).Err())
	relay(t, client, newOutbox(event(2)))
	got, err := replayed(t, client)
	require.NoError(t, err)
	assert.Equal(t, []int64{1, 2}, got)
}

// applied collects what was applied.
type applied struct {
	mu  sync.Mutex
	ids map[string]int
}

func (a *applied) apply(_ context.Context, e task.Event) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ids == nil {
		a.ids = make(map[string]int)
	}
	a.ids[e.ID()]++
	return nil
}

func (a *applied) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.ids)
}

// TestAnEventGoesFromTheOutboxToBothIndexes has a wrong one on either way, too.
func TestAnEventGoesFromTheOutboxToBothIndexes(t *testing.T) {
	client := empty(t)
	var followed, heard applied
	live, err := flow.Live(client)
	require.NoError(t, err)
	durable, err := flow.Durable(client, quiet)
	require.NoError(t, err)
	f := flow.New(followed.apply, live, quiet)
	require.NoError(t, f.Check())
	listener, err := flow.NewListener(client, heard.apply, f.PoisonTopic(), quiet)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var running sync.WaitGroup
	running.Go(func() { assert.NoError(t, f.Run(ctx, durable)) })
	running.Go(func() { assert.NoError(t, listener.Run(ctx)) })
	<-listener.Running()

	channels, err := pubsub.NewPublisher(client, pubsub.PublisherConfig{})
	require.NoError(t, err)
	require.NoError(t, channels.Publish("tasks.event.created", message.NewMessage("", []byte(`{"secret":`))))
	stream, err := streams.NewPublisher(client, streams.PublisherConfig{})
	require.NoError(t, err)
	require.NoError(t, stream.Publish(f.Events, message.NewMessage("1", []byte(`{}`))))
	relay(t, client, newOutbox(event(1), event(2), event(3)))
	apptest.Await(t, "both have all events", func() bool { return followed.count() == 3 && heard.count() == 3 })
	// Both stages and the listener refuse what is no event.
	apptest.Await(t, "what is wrong is poisoned", func() bool { return client.XLen(t.Context(), f.PoisonTopic()).Val() == 3 })
	stop()
	running.Wait()
	require.NoError(t, errors.Join(listener.Close(), channels.Close(), stream.Close()))
	assert.Equal(t, map[string]int{"a/1": 1, "a/2": 1, "a/3": 1}, followed.ids)
	assert.EqualValues(t, 4, listener.Stats().Received)
	assert.EqualValues(t, 0, listener.Stats().Lost.Total())
}

func TestARedisBelongsToOneStore(t *testing.T) {
	client := empty(t)
	claimed, err := flow.Claimed(t.Context(), client)
	require.NoError(t, err)
	assert.False(t, claimed)
	for range 2 {
		require.NoError(t, flow.Claim(t.Context(), client, "ours"))
	}
	claimed, err = flow.Claimed(t.Context(), client)
	require.NoError(t, err)
	assert.True(t, claimed)
	require.ErrorIs(t, flow.Claim(t.Context(), client, "another"), flow.ErrOtherStore)
}

func TestAnEventIsItsJSON(t *testing.T) {
	client := empty(t)
	relay(t, client, newOutbox(event(1)))
	entries, err := client.XRange(t.Context(), flow.Prefix+"events", "-", "+").Result()
	require.NoError(t, err)
	var e task.Event
	require.NoError(t, json.Unmarshal([]byte(fmt.Sprint(entries[0].Values["payload"])), &e))
	assert.Equal(t, event(1), e)
	assert.Equal(t, "a/1", entries[0].Values["_watermill_message_uuid"])
}
