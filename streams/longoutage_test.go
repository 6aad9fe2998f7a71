package streams_test

import (
	"context"
	"errors"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/streams"
)

// line is a connection to a Redis in a bubble that can be cut for as long as a
// test likes.
type line struct {
	redis *miniredis.Miniredis

	mu    sync.Mutex
	cut   bool
	conns []net.Conn
	tries int
}

var errCut = errors.New("the line is cut")

func (l *line) dial(context.Context, string, string) (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tries++
	if l.cut {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errCut}
	}
	conn, err := l.redis.Dial()
	if err == nil {
		l.conns = append(l.conns, conn)
	}
	return conn, err
}

func (l *line) setCut(cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut, l.tries = cut, 0
	for _, conn := range l.conns {
		_ = conn.Close()
	}
	l.conns = nil
}

func (l *line) dialled() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tries
}

// Minutes without Redis: lanes wait for it, so that nothing piles up, nothing runs
// hot, the log stays short, and when it is back everything is done once.
func TestMinutesWithoutRedis(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]streams.SubscriberConfig{
		// One lane: those that wait for another are not at rest in a bubble.
		"unordered": {},
		"ordered":   {Ordered: true},
		"trimming":  {Trim: &streams.Trim{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { minutesWithoutRedis(t, config) })
		})
	}
}

func minutesWithoutRedis(t *testing.T, config streams.SubscriberConfig) {
	const n, away = 2000, 3 * time.Minute
	m := miniredis.NewMiniRedis()
	l := &line{redis: m}
	c := redis.NewClient(&redis.Options{Addr: "127.0.0.1:6379", Dialer: l.dial})
	var said logs
	config.Logger = said.logger()
	for i := range n {
		// One by one: a pipe does not buffer a pipeline.
		require.NoError(t, c.XAdd(context.Background(), &redis.XAddArgs{Stream: "topic", Values: []any{redisstream.UUIDHeaderKey, strconv.Itoa(i)}}).Err())
	}
	s := newSubscriber(t, c, config)
	messages, err := s.Subscribe(context.Background(), "topic")
	require.NoError(t, err)
	p := newPublisher(t, c, streams.PublisherConfig{})

	var handled atomic.Int64
	var handling sync.WaitGroup
	handling.Go(func() {
		for msg := range messages {
			time.Sleep(time.Millisecond)
			if err := p.Publish("out", out(msg, msg.UUID)); err != nil {
				t.Errorf("staging needs no Redis: %v", err)
			}
			handled.Add(1)
			msg.Ack()
		}
	})
	time.Sleep(100 * time.Millisecond)
	l.setCut(true)
	before := handled.Load()
	require.NotZero(t, before)
	lines := said.count("\n")
	time.Sleep(away)
	require.Less(t, handled.Load()-before, int64(1000), "handled and not committed: a bound on memory")
	require.Less(t, l.dialled(), 5000, "dials in three minutes")
	require.Less(t, said.count("\n")-lines, 40, "lines of log in three minutes")
	err = newPublisher(t, c, streams.PublisherConfig{}).Publish("topic", message.NewMessage("direct", nil))
	require.ErrorContains(t, err, "Redis at 127.0.0.1:6379 cannot be reached")

	l.setCut(false)
	for c.XLen(context.Background(), "out").Val() < n {
		time.Sleep(time.Second)
	}
	require.NoError(t, s.Close())
	handling.Wait()
	requireEachOnce(t, uuids(decoded(t, c, "out")), n)
	require.Empty(t, pendingOf(t, c, "topic"))
	require.NoError(t, c.Close())
	m.Close()
}

// What others did while a worker was cut off is not done again by it.
func TestWorkThatOthersDidInTheMeantimeIsDropped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := miniredis.NewMiniRedis()
		l := &line{redis: m}
		c := redis.NewClient(&redis.Options{Addr: "127.0.0.1:6379", Dialer: l.dial})
		healthy := redis.NewClient(&redis.Options{Addr: "127.0.0.1:6379", Dialer: (&line{redis: m}).dial})
		publish(t, healthy, "topic", "1")
		first := newSubscriber(t, c, streams.SubscriberConfig{IdleTime: 10 * time.Second})
		messages, err := first.Subscribe(context.Background(), "topic")
		require.NoError(t, err)
		late := <-messages
		require.NoError(t, newPublisher(t, c, streams.PublisherConfig{}).Publish("out", out(late, "late")))
		l.setCut(true)
		late.Ack()

		second := newSubscriber(t, healthy, streams.SubscriberConfig{IdleTime: 10 * time.Second})
		others, err := second.Subscribe(context.Background(), "topic")
		require.NoError(t, err)
		msg := <-others
		require.NoError(t, newPublisher(t, healthy, streams.PublisherConfig{}).Publish("out", out(msg, "in time")))
		msg.Ack()
		time.Sleep(time.Minute)
		l.setCut(false)
		time.Sleep(time.Minute)
		require.NoError(t, first.Close())
		require.NoError(t, second.Close())
		require.Equal(t, []string{"in time"}, uuids(decoded(t, healthy, "out")))
		// Its commit was tried before, so it may have been its own that settled it.
		stats := first.Stats()[0]
		require.EqualValues(t, 1, stats.Unconfirmed)
		require.Zero(t, stats.Committed)
		require.NoError(t, c.Close())
		require.NoError(t, healthy.Close())
		m.Close()
	})
}
