package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/internal/apptest"
	"github.com/millstream-go/millstream/examples/userservice/internal/domain"
	"github.com/millstream-go/millstream/examples/userservice/internal/infrastructure/fakesmtp"
	"github.com/millstream-go/millstream/internal/redistest"
)

// published returns how many events are in the stream.
func published(t *testing.T, client *redis.Client) int64 {
	t.Helper()
	n, err := client.XLen(t.Context(), "{users}:registered").Result()
	require.NoError(t, err)
	return n
}

// A Redis that is away holds the process at the moment between saving and publishing for as
// long as it takes to kill it there. Another process's lock on the database then holds the
// next one at that between publishing and marking.
func TestACrashBetweenSavingPublishingAndMarkingLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	server, file := redistest.Start(t, redistest.AOF()), database(t)
	args := []string{"-role", "api", "-redis", server.URL(), "-db", file}
	api := serve(t, args...)
	server.Kill(t)
	const users = 3
	for i := range users {
		api.register(t, "Ada", fmt.Sprintf("ada%d@example.com", i))
	}
	api.Kill() // saved and not published

	server.Restart(t)
	client := server.Client(t)
	require.Zero(t, published(t, client))
	api = serve(t, args...)
	apptest.Await(t, "the events are published", func() bool { return published(t, client) == users })
	apptest.Await(t, "they are marked", func() bool { return waiting(t, file) == 0 })

	// Once more, to kill it between publishing and marking.
	server.Kill(t)
	api.register(t, "Grace", "grace@example.com")
	release := writeLock(t, file)
	server.Restart(t)
	apptest.Await(t, "the event is published", func() bool { return published(t, client) == users+1 })
	api.Kill() // published and not marked
	release()
	require.Equal(t, 1, waiting(t, file))

	all := serve(t, "-redis", server.URL(), "-db", file)
	apptest.Await(t, "the event is marked", func() bool { return waiting(t, file) == 0 })
	apptest.Await(t, "all are counted", func() bool { return all.counted(t) == users+1 })
	apptest.Await(t, "all have their mail", func() bool { return len(all.mails(t).Taken) == users+1 })
	assert.Equal(t, []string{"ada0@example.com", "ada1@example.com", "ada2@example.com", "grace@example.com"}, inOrder(t, client))
	all.end(t)
}

// inOrder returns the addresses in the stream.
func inOrder(t *testing.T, client *redis.Client) (addresses []string) {
	t.Helper()
	entries, err := client.XRange(t.Context(), "{users}:registered", "-", "+").Result()
	require.NoError(t, err)
	for _, entry := range entries {
		var event domain.UserRegistered
		require.NoError(t, json.Unmarshal([]byte(entry.Values["payload"].(string)), &event))
		addresses = append(addresses, event.Email.String())
	}
	return addresses
}

// writeLock lets nobody else write to a database until it is released.
func writeLock(t *testing.T, file string) (release func()) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(10000)&_txlock=immediate")
	require.NoError(t, err)
	tx, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	return func() {
		_ = tx.Rollback() // there is nothing to undo
		_ = db.Close()
	}
}

// waiting returns how many events are in the outbox.
func waiting(t *testing.T, file string) (n int) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(10000)")
	require.NoError(t, err)
	defer db.Close()
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT count(*) FROM outbox").Scan(&n))
	return n
}

// The mail server says yes, and the process that was to hear it is dead.
func TestAMailWhoseYesWasNotHeardIsSentAgainUnderTheSameID(t *testing.T) {
	t.Parallel()
	server, file := redistest.Start(t), database(t)
	mail, err := fakesmtp.Start(t.Context())
	require.NoError(t, err)
	defer mail.Close()
	mail.Slow(time.Hour)
	shared := []string{"-redis", server.URL(), "-db", file, "-smtp", mail.Addr()}
	api := serve(t, append(shared, "-role", "api")...)
	worker := serve(t, append(shared, "-role", "workers")...)
	api.register(t, "Ada", "ada@example.com")
	apptest.Await(t, "the mail is taken", func() bool {
		taken, _ := mail.Mails()
		return len(taken) == 1
	})
	worker.Kill()
	mail.Slow(0)
	worker = serve(t, append(shared, "-role", "workers")...)
	apptest.Await(t, "it comes again", func() bool {
		taken, _ := mail.Mails()
		return len(taken) == 1 && taken[0].Again == 1
	})
	apptest.Await(t, "it is acknowledged", func() bool {
		pending, err := server.Client(t).XPending(t.Context(), "{users}:registered", "email").Result()
		return err == nil && pending.Count == 0
	})
	assert.Empty(t, worker.mails(t).DeadLetters)
	apptest.Await(t, "it is counted", func() bool { return api.counted(t) == 1 })
	worker.end(t)
	api.end(t)
}

// No relay makes two of one event. Should anything else do so, the services bear it.
func TestAnEventThatIsInTheStreamTwiceHasOneMailAndOneCount(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	client := server.Client(t)
	s := serve(t, "-redis", server.URL(), "-db", database(t))
	s.register(t, "Ada", "ada@example.com")
	const stream = "{users}:registered"
	apptest.Await(t, "the event is published", func() bool { return published(t, client) == 1 })
	entries, err := client.XRange(t.Context(), stream, "-", "+").Result()
	require.NoError(t, err)
	require.NoError(t, client.XAdd(t.Context(), &redis.XAddArgs{Stream: stream, Values: entries[0].Values}).Err())
	s.register(t, "Grace", "grace@example.com") // the services are done with what was before it
	apptest.Await(t, "all services are done", func() bool {
		groups, err := client.XInfoGroups(t.Context(), stream).Result()
		return err == nil && len(groups) == 3 && !slices.ContainsFunc(groups, func(g redis.XInfoGroup) bool {
			return g.EntriesRead < 3 || g.Pending > 0
		})
	})
	mails := s.mails(t)
	require.Len(t, mails.Taken, 2)
	assert.Zero(t, mails.Taken[0].Again+mails.Taken[1].Again)
	assert.EqualValues(t, 2, s.counted(t))
	s.end(t)
}

func TestRegistrationsGoOnWhileRedisIsAwayAndAllIsMadeUpForAfterwards(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.AOF())
	s := serve(t, "-redis", server.URL(), "-db", database(t))
	s.register(t, "Ada", "ada@example.com")
	require.Equal(t, http.StatusOK, s.ask(t, http.MethodGet, "/health", "").status)
	apptest.Await(t, "the first is counted", func() bool { return s.counted(t) == 1 })

	server.Kill(t)
	health := s.ask(t, http.MethodGet, "/health", "")
	assert.Equal(t, http.StatusServiceUnavailable, health.status)
	assert.JSONEq(t, `{"status":"failing","checks":{"redis":"failing","sqlite":"ok"}}`, health.body)
	s.register(t, "Grace", "grace@example.com")
	mails := s.ask(t, http.MethodGet, "/mails", "")
	assert.Equal(t, http.StatusServiceUnavailable, mails.status, mails.body)
	assert.Equal(t, "1", mails.header.Get("Retry-After"))

	server.Restart(t)
	apptest.Await(t, "it is healthy", func() bool { return s.ask(t, http.MethodGet, "/health", "").status == http.StatusOK })
	apptest.Await(t, "both are counted", func() bool { return s.counted(t) == 2 })
	apptest.Await(t, "both have their mail", func() bool { return len(s.mails(t).Taken) == 2 })
	s.end(t)
	assert.NotContains(t, s.Stderr(), "@example.com", "addresses are nobody's business who reads logs")
}
