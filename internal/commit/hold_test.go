package commit_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/commit"
	"github.com/millstream-go/millstream/internal/handoff"
)

func zadd(id string, at float64) redis.ZAddArgs {
	return redis.ZAddArgs{Members: []redis.Z{{Member: id, Score: at}}}
}

func TestClaimTakesWhatIsIdleAndCountsTheAttempt(t *testing.T) {
	t.Parallel()
	s := newStage(t, 250)
	s.read("dead", 250)
	claimed, err := s.as("c").Claim(t.Context(), commit.Claim{Idle: time.Hour, Count: 10, Cursor: "-"})
	require.NoError(t, err)
	require.Empty(t, claimed.Entries, "nobody has been silent that long")

	// Page by page, the cursor goes on where the last one ended.
	seen, cursor := map[string]bool{}, "-"
	for range 4 {
		claimed, err := s.as("c").Claim(t.Context(), commit.Claim{Count: 70, Cursor: cursor})
		require.NoError(t, err)
		cursor = claimed.Cursor
		for _, e := range claimed.Entries {
			require.Equal(t, 2, e.Attempt)
			require.False(t, seen[e.ID], "taken twice in one round")
			seen[e.ID] = true
		}
	}
	require.Len(t, seen, 250)
	require.Equal(t, "-", cursor)
}

func TestClaimDropsEntriesThatWereDeletedWhilePending(t *testing.T) {
	t.Parallel()
	s := newStage(t, 2)
	entries := s.read("dead", 2)
	require.NoError(t, s.client.XDel(t.Context(), s.in, entries[0].ID).Err())
	claimed := s.claim("c")
	require.Len(t, claimed, 1)
	require.Equal(t, entries[1].ID, claimed[0].ID)
	require.Equal(t, map[string]string{entries[1].ID: "c"}, s.held())
}

func TestAParkedEntryIsClaimedWhenItIsDue(t *testing.T) {
	t.Parallel()
	s := newStage(t, 1)
	entry := s.read("c", 1)[0]
	park := commit.Delivery{ID: entry.ID, Attempt: 1, Effects: handoff.Effects{Park: true, Aside: handoff.Aside{For: time.Hour}}}
	require.Equal(t, []commit.Outcome{commit.Done}, outcomes(t, s.as("c"), park))

	claimed, err := s.as("c").Claim(t.Context(), commit.Claim{Count: 10, Cursor: "-"})
	require.NoError(t, err)
	require.Empty(t, claimed.Entries, "parked entries are not idle, however long they lie")
	require.InDelta(t, time.Hour, claimed.Due, float64(10*time.Second))

	require.NoError(t, s.client.ZAddArgs(t.Context(), commit.ParkingKey(s.in, "g"), zadd(entry.ID, 1)).Err())
	claimed, err = s.as("c").Claim(t.Context(), commit.Claim{Idle: -1, Count: 10, Cursor: "-"})
	require.NoError(t, err)
	require.Len(t, claimed.Entries, 1)
	require.Equal(t, 2, claimed.Entries[0].Attempt)
	require.Negative(t, claimed.Due)
}

func TestRenewKeepsOnlyWhatIsStillHeld(t *testing.T) {
	t.Parallel()
	s := newStage(t, 2)
	entries := s.read("first", 2)
	_, err := s.client.XClaimJustID(t.Context(), &redis.XClaimArgs{
		Stream: s.in, Group: "g", Consumer: "second", Messages: []string{entries[1].ID},
	}).Result()
	require.NoError(t, err)
	require.NoError(t, s.as("first").Renew(t.Context(), []string{entries[0].ID, entries[1].ID}))
	require.Equal(t, map[string]string{entries[0].ID: "first", entries[1].ID: "second"}, s.held())
	// Renewing is not another attempt.
	require.Equal(t, 2, s.claim("third")[0].Attempt)
}

func TestLeaveHandsBackAndRemovesTheConsumer(t *testing.T) {
	t.Parallel()
	s := newStage(t, 2)
	entries := s.read("leaving", 2)
	n, err := s.as("leaving").Leave(t.Context(), []commit.Unfinished{
		{ID: entries[0].ID, Started: true}, {ID: entries[1].ID}, {ID: "1-1"},
	})
	require.NoError(t, err)
	require.Equal(t, 2, n, "the third is not the consumer's")
	claimed, err := s.as("c").Claim(t.Context(), commit.Claim{Idle: -1, HandedBack: true, Count: 10, Cursor: "-"})
	require.NoError(t, err)
	require.Len(t, claimed.Entries, 2, "handed back entries need not wait for the idle time")
	require.Equal(t, 2, claimed.Entries[0].Attempt)
	require.Equal(t, 1, claimed.Entries[1].Attempt, "nobody has seen it")
	for _, c := range s.client.XInfoConsumers(t.Context(), s.in, "g").Val() {
		require.NotEqual(t, "leaving", c.Name)
	}
}

// Removing a consumer drops what it holds, so one that holds something stays.
func TestLeaveKeepsAConsumerThatHoldsSomething(t *testing.T) {
	t.Parallel()
	s := newStage(t, 2)
	entries := s.read("leaving", 2)
	_, err := s.as("leaving").Leave(t.Context(), []commit.Unfinished{{ID: entries[0].ID}})
	require.NoError(t, err)
	require.Equal(t, "leaving", s.held()[entries[1].ID])
	require.Len(t, s.held(), 2)
}

func TestIdleMeansNothingUndeliveredPendingOrParked(t *testing.T) {
	t.Parallel()
	s := newStage(t, 1)
	idle := func() bool {
		t.Helper()
		ok, err := commit.Idle(t.Context(), s.client, []commit.Reading{{Stream: s.in, Group: "g"}, {Stream: s.out("none"), Group: "g"}})
		require.NoError(t, err)
		return ok
	}
	require.False(t, idle(), "undelivered")
	entry := s.read("c", 1)[0]
	require.False(t, idle(), "pending")
	outcomes(t, s.as("c"), commit.Delivery{ID: entry.ID, Attempt: 1, Effects: handoff.Effects{Park: true}})
	require.False(t, idle(), "parked")
	claimed, err := s.as("c").Claim(t.Context(), commit.Claim{Idle: -1, Count: 1, Cursor: "-"})
	require.NoError(t, err)
	require.Len(t, claimed.Entries, 1)
	outcomes(t, s.as("c"), commit.Delivery{ID: entry.ID})
	require.True(t, idle())
	s.add(1)
	require.False(t, idle())
}
