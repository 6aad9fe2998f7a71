package streams_test

import (
	"context"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/streams"
)

// relayed runs a subscription that passes every message on, and returns how many
// its handlers have passed on so far. What becomes of them is Redis's to say.
func relayed(t *testing.T, c *redis.Client, topic string, config streams.SubscriberConfig) *atomic.Int64 {
	t.Helper()
	messages, s := subscribe(t, c, topic, config)
	p := newPublisher(t, c, streams.PublisherConfig{})
	var passed atomic.Int64
	var handling sync.WaitGroup
	for range 4 {
		handling.Go(func() {
			for msg := range messages {
				if err := p.Publish(topic+"out", out(msg, msg.UUID)); err != nil {
					t.Errorf("staging needs no Redis: %v", err)
				}
				passed.Add(1)
				msg.Ack()
				time.Sleep(time.Millisecond)
			}
		})
	}
	t.Cleanup(func() {
		_ = s.Close()
		handling.Wait()
	})
	return &passed
}

// States of a server in which it refuses to write, and that pass.
func TestARefusalThatPassesIsWaitedFor(t *testing.T) {
	t.Parallel()
	const n = 2000
	become := func(config map[string]string, role ...any) func(*testing.T, *redis.Client) {
		return func(t *testing.T, c *redis.Client) {
			for name, value := range config {
				require.NoError(t, c.ConfigSet(t.Context(), name, value).Err())
			}
			if len(role) > 0 {
				require.NoError(t, c.Do(t.Context(), role...).Err())
			}
		}
	}
	nobody := []any{"REPLICAOF", "127.0.0.1", "1"} // whom it waits for in vain
	master := become(nil, "REPLICAOF", "NO", "ONE")
	for name, refusal := range map[string]struct {
		begin, end func(*testing.T, *redis.Client)
		says       string
	}{
		"read-only replica":        {become(nil, nobody...), master, "READONLY"},
		"replica with no master":   {become(map[string]string{"replica-serve-stale-data": "no"}, nobody...), master, "MASTERDOWN"},
		"too few replicas":         {become(map[string]string{"min-replicas-to-write": "1"}), become(map[string]string{"min-replicas-to-write": "0"}), "NOREPLICAS"},
		"password changed":         {become(map[string]string{"requirepass": "new"}), become(map[string]string{"requirepass": ""}), "unauthenticated"},
		"a script that takes long": {become(nil), become(nil), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own := redistest.Start(t)
			topic, admin := newTopic(t), own.Client(t)
			preload(t, admin, topic, n)
			var said logs
			c := own.Client(t)
			passed := relayed(t, c, topic, streams.SubscriberConfig{Concurrency: 4, Logger: said.logger()})
			eventually(t, func() bool { return passed.Load() > 100 }, "nothing is handled")
			refusal.begin(t, admin)
			if strings.HasPrefix(name, "password") {
				require.NoError(t, admin.Do(t.Context(), "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes").Err())
			}
			if name == "a script that takes long" {
				require.NoError(t, admin.ConfigSet(t.Context(), "busy-reply-threshold", "10").Err())
				_ = admin.Eval(t.Context(), "local t = redis.call('TIME')[1] + 2; while redis.call('TIME')[1] + 0 < t do end", nil).Err()
			} else {
				eventually(t, func() bool { return said.count(refusal.says) > 0 }, "it is not said: %s", said.all())
				time.Sleep(500 * time.Millisecond)
			}
			require.Less(t, said.count("\n"), 20, "lines of log: %s", said.all())
			refusal.end(t, admin)
			eventually(t, func() bool { return admin.XLen(t.Context(), topic+"out").Val() >= n }, "not everything is done")
			settled(t, admin, topic)
			requireEachOnce(t, uuids(decoded(t, admin, topic+"out")), n)
		})
	}
}

// switchboard is a client that a failover moves to another server.
func switchboard(t *testing.T, addr *atomic.Value) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{
		Addr: "master.invalid:6379", DialerRetries: 1,
		Dialer: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, addr.Load().(string))
		},
	})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestAFailoverLosesAndDoublesNothingThatWasReplicated(t *testing.T) {
	t.Parallel()
	const n = 2000
	old, next := redistest.Start(t), redistest.Start(t)
	topic, oldAdmin, nextAdmin := newTopic(t), old.Client(t), next.Client(t)
	host, port, err := net.SplitHostPort(old.Addr())
	require.NoError(t, err)
	require.NoError(t, nextAdmin.Do(t.Context(), "REPLICAOF", host, port).Err())
	eventually(t, func() bool {
		return strings.Contains(nextAdmin.Info(t.Context(), "replication").Val(), "master_link_status:up")
	}, "no replication")
	preload(t, oldAdmin, topic, n)
	var addr atomic.Value
	addr.Store(old.Addr())
	passed := relayed(t, switchboard(t, &addr), topic, streams.SubscriberConfig{Concurrency: 4})
	eventually(t, func() bool { return passed.Load() > n/4 }, "nothing is handled")

	// A planned failover: the old master takes no more writes, the replica catches up.
	require.NoError(t, oldAdmin.Do(t.Context(), "CLIENT", "PAUSE", 60_000, "WRITE").Err())
	offset := masterOffset(t, oldAdmin)
	eventually(t, func() bool { return masterOffset(t, nextAdmin) >= offset }, "the replica does not catch up")
	require.NoError(t, nextAdmin.Do(t.Context(), "REPLICAOF", "NO", "ONE").Err())
	addr.Store(next.Addr())
	old.Kill(t)

	eventually(t, func() bool { return nextAdmin.XLen(t.Context(), topic+"out").Val() >= n }, "not everything is done")
	settled(t, nextAdmin, topic)
	requireEachOnce(t, uuids(decoded(t, nextAdmin, topic+"out")), n)
}

// masterOffset returns how far a server's replication has come.
func masterOffset(t *testing.T, c *redis.Client) string {
	t.Helper()
	for line := range strings.Lines(c.Info(t.Context(), "replication").Val()) {
		if offset, ok := strings.CutPrefix(strings.TrimSpace(line), "master_repl_offset:"); ok {
			return strings.Repeat("0", 20-len(offset)) + offset
		}
	}
	require.Fail(t, "no offset")
	return ""
}

// A server that loads its data answers, and refuses everything.
func TestALoadingRedisIsWaitedFor(t *testing.T) {
	t.Parallel()
	const n = 200
	own := redistest.Start(t, redistest.Args("--key-load-delay", "30000", "--loading-process-events-interval-bytes", "1024"))
	topic, c := newTopic(t), own.Client(t)
	preload(t, c, topic, n)
	var said logs
	messages, _ := subscribe(t, c, topic, streams.SubscriberConfig{Concurrency: n, Logger: said.logger()})
	p := newPublisher(t, c, streams.PublisherConfig{})
	held := make([]*message.Message, n)
	for i := range held {
		held[i] = receive(t, messages)
	}
	for i := range 50 {
		require.NoError(t, c.Set(t.Context(), strings.Repeat("k", i+1), strings.Repeat("v", 2048), 0).Err())
	}
	require.NoError(t, c.Save(t.Context()).Err())
	own.Kill(t)
	for _, msg := range held {
		require.NoError(t, p.Publish(topic+"out", out(msg, msg.UUID)))
		msg.Ack()
	}
	eventually(t, func() bool { return said.count("commit failed") == 1 }, "the outage is not noticed")
	own.Restart(t) // returns when all is loaded
	settled(t, c, topic)
	requireEachOnce(t, uuids(decoded(t, c, topic+"out")), n)
	require.Less(t, said.count("\n"), 20, said.all())
}
