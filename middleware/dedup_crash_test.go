package middleware_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/commit"
)

// Each message is published three times, in any order, processes are killed at any
// moment, and handlers fail: every message comes out once.
func TestEachOfManyDuplicatesComesOutOnceWhateverProcessDies(t *testing.T) {
	t.Parallel()
	const times, processes = 3, 8
	messages, kills := 10_000, 24
	if testing.Short() {
		messages, kills = 1_000, 6
	}
	w := newWorld(t)
	w.publishAtOnce(messages, times)
	workers := make([]*worker, processes)
	for i := range workers {
		workers[i] = startWorker(t, w.in)
	}
	done := func() int { return int(w.client.XLen(context.Background(), w.out).Val()) }
	require.Eventually(t, func() bool { return done() > 0 }, patience, time.Millisecond)
	killed := 0
	for ; killed < kills && done() < messages; killed++ {
		time.Sleep(rand.N(150 * time.Millisecond))
		victim := rand.IntN(processes)
		workers[victim].kill()
		workers[victim] = startWorker(t, w.in)
	}
	t.Logf("killed %d processes; %d of %d messages had come out by then", killed, done(), messages)
	w.settled()
	for _, worker := range workers {
		worker.interrupt(t)
	}

	came := map[string]int{}
	for _, id := range w.published(w.out) {
		came[id]++
	}
	for n := range messages {
		require.Equal(t, 1, came[name(n)], "message %s came out", name(n))
	}
	require.Len(t, came, messages)
	require.False(t, w.isParked())
	require.Zero(t, w.client.XLen(t.Context(), commit.Beside(w.in)+":poison").Val(), "messages were poisoned")
}

// name is the UUID of the nth message.
func name(n int) string { return fmt.Sprintf("m%05d", n) }

// publishAtOnce adds so many messages so many times each, shuffled.
func (w world) publishAtOnce(messages, times int) {
	w.t.Helper()
	_, err := w.client.Pipelined(context.Background(), func(p redis.Pipeliner) error {
		for _, n := range rand.Perm(messages * times) {
			values, err := redisstream.DefaultMarshallerUnmarshaller{}.Marshal(w.in, message.NewMessage(name(n/times), nil))
			if err != nil {
				return err
			}
			p.XAdd(context.Background(), &redis.XAddArgs{Stream: w.in, Values: values})
		}
		return nil
	})
	require.NoError(w.t, err)
}
