package streams_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/streams"
)

// documented returns the rules of a user, from the lines that the documentation
// tells operators to run.
func documented(t *testing.T, user string) []string {
	t.Helper()
	page, err := os.ReadFile("../docs/operations.md")
	require.NoError(t, err)
	var rules []string
	for line := range strings.Lines(string(page)) {
		if words := strings.Fields(line); len(words) > 3 && words[0] == "ACL" && words[1] == "SETUSER" && words[2] == user {
			rules = append(rules, words[3:]...)
		}
	}
	require.NotEmpty(t, rules, "the documentation has no user %s", user)
	return rules
}

// as returns a client that Redis knows as the user, with these rules and no others.
func as(t *testing.T, own *redistest.Server, user string, rules []string) *redis.Client {
	t.Helper()
	args := []any{"ACL", "SETUSER", user, "reset"}
	password := ""
	for _, rule := range rules {
		args = append(args, rule)
		if word, ok := strings.CutPrefix(rule, ">"); ok {
			password = word
		}
	}
	require.NoError(t, own.Client(t).Do(t.Context(), args...).Err())
	c := redis.NewClient(&redis.Options{Addr: own.Addr(), Username: user, Password: password, DisableIdentity: true})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// requireLeast checks that nothing was denied, and that each command that was
// granted has run since the statistics were reset.
func requireLeast(t *testing.T, admin *redis.Client, rules []string) {
	t.Helper()
	for _, rule := range rules {
		if command, ok := strings.CutPrefix(rule, "+"); ok {
			require.True(t, hasRun(t, admin, command), "%s is granted and not needed", command)
		}
	}
	denials, err := admin.ACLLog(t.Context(), 100).Result()
	require.NoError(t, err)
	for _, denied := range denials {
		// go-redis asks for the one on new connections, and errors say more with the
		// other: both do without.
		require.Contains(t, []string{"client|maint_notifications", "type"}, denied.Object, "%s was denied to %s", denied.Object, denied.Username)
	}
}

// hasRun reports whether a command, or a subcommand of it, has run since the
// statistics were reset.
func hasRun(t *testing.T, admin *redis.Client, command string) bool {
	t.Helper()
	stats, err := admin.Info(t.Context(), "commandstats").Result()
	require.NoError(t, err)
	return strings.Contains(stats, "cmdstat_"+command+":") || strings.Contains(stats, "cmdstat_"+command+"|")
}

// Redis logs what it denies, in scripts too, so that nothing can fail unnoticed.
func TestAWorkerNeedsThePermissionsInTheDocumentationAndNoMore(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t)
	admin, rules := own.Client(t), documented(t, "worker")
	worker := as(t, own, "worker", rules)
	const in, inOrder = "{orders}:in", "{orders}:in-order"

	// What there is to do: take over, poison, settle with a mark, put aside, undo.
	publish(t, admin, in, "of a dead consumer")
	die(t, admin, in, 1)
	require.NoError(t, admin.XAdd(t.Context(), &redis.XAddArgs{Stream: in, Values: []any{"no", "uuid"}}).Err())
	require.NoError(t, admin.Set(t.Context(), "{orders}:broken", "no stream", 0).Err())
	publish(t, admin, in, "marked", "aside", "undone")
	publish(t, admin, inOrder, "in order")

	p := newPublisher(t, worker, streams.PublisherConfig{})
	messages, s := subscribe(t, worker, in, streams.SubscriberConfig{
		IdleTime: 300 * time.Millisecond, NackDelay: time.Hour, MaxNackDelay: time.Hour,
		Trim: &streams.Trim{KeepEntries: 1}, ForgetAfter: 300 * time.Millisecond,
	})
	ordered, _ := subscribe(t, worker, inOrder, streams.SubscriberConfig{Ordered: true})
	require.NoError(t, admin.ConfigResetStat(t.Context()).Err())
	require.NoError(t, admin.ScriptFlush(t.Context()).Err())
	receive(t, ordered).Ack()
	handleEachKind(t, messages, p, func(command string) {
		t.Helper()
		eventually(t, func() bool { return hasRun(t, admin, command) }, "no %s", command)
	})
	eventually(t, func() bool { return admin.ZCard(t.Context(), in+":parked:g").Val() == 2 }, "two are put aside")
	eventually(t, func() bool { return admin.XLen(t.Context(), "{orders}:out").Val() == 2 }, "an output is missing")
	require.EqualValues(t, 1, admin.XLen(t.Context(), in+":poison").Val())
	for _, command := range []string{"zscore", "hget", "xlen", "xtrim", "xinfo|consumers"} {
		eventually(t, func() bool { return hasRun(t, admin, command) }, "what runs from time to time does not run %s", command)
	}

	require.NoError(t, admin.XGroupDestroy(t.Context(), inOrder, "g").Err())
	receive(t, ordered).Ack()
	require.NoError(t, s.Close())
	require.Equal(t, map[string]int64{"millstream:parked": 2}, pendingOf(t, admin, in))
	requireLeast(t, admin, rules)
}

// handleEachKind handles the messages of the test of a worker's permissions.
func handleEachKind(t *testing.T, messages <-chan *message.Message, p *streams.Publisher, await func(command string)) {
	t.Helper()
	for range 5 {
		msg := receive(t, messages)
		switch msg.UUID {
		case "aside":
			if attempt(msg) == 1 {
				require.NoError(t, handoff.FromContext(msg.Context()).PutAside(handoff.Aside{For: time.Millisecond}))
				msg.Ack()
			} else {
				msg.Nack()
			}
			continue
		case "undone":
			require.NoError(t, p.Publish("{orders}:out", out(msg, "to be undone")))
			require.NoError(t, p.Publish("{orders}:broken", out(msg, "cannot be")))
			fallthrough
		case "marked":
			askForLeases(t, handoff.FromContext(msg.Context()).Leases(), msg.UUID)
			require.NoError(t, handoff.FromContext(msg.Context()).Mark(handoff.Mark{Key: msg.UUID}))
		}
		if msg.UUID != "undone" {
			require.NoError(t, p.Publish("{orders}:out", out(msg, msg.UUID)))
			// Meanwhile the hold is renewed, and trimming sees that it is needed.
			await("xrange")
			await("hset")
		}
		msg.Ack()
	}
}

// askForLeases asks for all that deduplication does of a lease.
func askForLeases(t *testing.T, leases handoff.Leases, key string) {
	t.Helper()
	for owner, want := range []handoff.LeaseState{handoff.Granted, handoff.Taken} {
		got, err := leases.Acquire(t.Context(), key, fmt.Sprint(owner), time.Minute)
		require.NoError(t, err)
		require.Equal(t, want, got.State)
	}
	require.NoError(t, leases.Renew(t.Context(), key, "0", time.Minute))
	require.NoError(t, leases.Release(t.Context(), key, "0"))
}

func TestAPublisherNeedsThePermissionsInTheDocumentationAndNoMore(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t)
	admin, rules := own.Client(t), documented(t, "publisher")
	c := as(t, own, "publisher", rules)
	require.NoError(t, admin.ConfigResetStat(t.Context()).Err())
	for _, config := range []streams.PublisherConfig{{}, {MaxLen: 1000}, {IdempotencyKey: byUUID}} {
		require.NoError(t, newPublisher(t, c, config).Publish("{orders}:in", message.NewMessage("1", nil)))
	}
	requireLeast(t, admin, rules)
	require.Len(t, decoded(t, admin, "{orders}:in"), 3)
}

func TestAnOperatorNeedsThePermissionsInTheDocumentationAndNoMore(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t)
	admin, rules := own.Client(t), documented(t, "operator")
	publish(t, admin, "{orders}:in", "1")
	die(t, admin, "{orders}:in", 1)
	c := as(t, own, "operator", rules)
	transport, err := streams.NewTransport(c, streams.Config{})
	require.NoError(t, err)
	require.NoError(t, admin.ConfigResetStat(t.Context()).Err())

	idle, err := transport.Idle(t.Context(), []handoff.Subscription{{Topic: "{orders}:in", Group: "g"}})
	require.NoError(t, err)
	require.False(t, idle)
	require.NoError(t, admin.XAck(t.Context(), "{orders}:in", "g", decodedIDs(t, c, "{orders}:in")...).Err())
	idle, err = transport.Idle(t.Context(), []handoff.Subscription{{Topic: "{orders}:in", Group: "g"}})
	require.NoError(t, err)
	require.True(t, idle)
	keys, _, err := c.ScanType(t.Context(), 0, "{orders}*", 100, "stream").Result()
	require.NoError(t, err)
	require.Equal(t, []string{"{orders}:in"}, keys)
	require.Equal(t, "stream", c.Type(t.Context(), keys[0]).Val())
	require.EqualValues(t, 1, c.XLen(t.Context(), keys[0]).Val())
	require.NoError(t, c.XInfoStream(t.Context(), keys[0]).Err())
	require.Empty(t, pendingOf(t, c, keys[0]))
	requireLeast(t, admin, rules)
	require.True(t, redis.HasErrorPrefix(c.Del(t.Context(), keys[0]).Err(), "NOPERM"))
}

func decodedIDs(t *testing.T, c redis.UniversalClient, topic string) []string {
	t.Helper()
	entries, err := c.XRange(t.Context(), topic, "-", "+").Result()
	require.NoError(t, err)
	ids := make([]string, len(entries))
	for i, e := range entries {
		ids[i] = e.ID
	}
	return ids
}
