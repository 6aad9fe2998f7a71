package commit_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/commit"
	"github.com/millstream-go/millstream/internal/handoff"
)

// Redis does not roll a script back, so the script does it itself.
func TestAFailedOutputUndoesTheOthersAndKeepsTheMessage(t *testing.T) {
	t.Parallel()
	s := newStage(t, 3)
	entries := s.read("c", 3)
	require.NoError(t, s.client.Set(t.Context(), s.out("broken"), "no stream", 0).Err())
	bad := publishes(entries[1], s.out("a"), s.out("broken"), s.out("b"))
	bad.Effects.Marks = []handoff.Mark{{Key: "bad"}}

	results, err := s.as("c").Commit(t.Context(), []commit.Delivery{
		publishes(entries[0], s.out("a")), bad, publishes(entries[2], s.out("a")),
	})
	require.NoError(t, err)
	require.Equal(t, commit.Done, results[0].Outcome)
	require.Equal(t, commit.Failed, results[1].Outcome)
	require.ErrorContains(t, results[1].Err, s.out("broken"))
	require.ErrorContains(t, results[1].Err, "WRONGTYPE")
	require.Equal(t, commit.Done, results[2].Outcome, "one bad message must not hold up the others of its batch")

	require.Equal(t, 2, s.length(s.out("a")))
	require.Zero(t, s.length(s.out("b")))
	require.Zero(t, s.client.Exists(t.Context(), commit.MarkKey(s.in, "g", "bad")).Val())
	require.Len(t, s.held(), 1)
	due := s.client.ZScore(t.Context(), commit.ParkingKey(s.in, "g"), entries[1].ID).Val()
	require.WithinDuration(t, time.Now().Add(commit.FailureDelay), time.UnixMilli(int64(due)), time.Second)

	// Its time come, it is delivered again with the attempt counted.
	require.NoError(t, s.client.Del(t.Context(), s.out("broken")).Err())
	require.NoError(t, s.client.ZAddArgs(t.Context(), commit.ParkingKey(s.in, "g"), zadd(entries[1].ID, 0)).Err())
	claimed, err := s.as("other").Claim(t.Context(), commit.Claim{Idle: time.Hour, Count: 10, Cursor: "-"})
	require.NoError(t, err)
	require.Len(t, claimed.Entries, 1)
	require.Equal(t, 2, claimed.Entries[0].Attempt)
	require.Equal(t, []commit.Outcome{commit.Done},
		outcomes(t, s.as("other"), publishes(claimed.Entries[0], s.out("a"), s.out("broken"), s.out("b"))))
	require.Equal(t, []int{3, 1, 1}, []int{s.length(s.out("a")), s.length(s.out("broken")), s.length(s.out("b"))})
}

func TestAMarkDropsTheEffectsOfADuplicate(t *testing.T) {
	t.Parallel()
	s := newStage(t, 3)
	var deliveries []commit.Delivery
	for _, entry := range s.read("c", 3) {
		d := publishes(entry, s.out("a"))
		d.Effects.Marks = []handoff.Mark{{Key: "same", TTL: time.Minute}}
		deliveries = append(deliveries, d)
	}
	// Two in one batch and one in the next: the mark counts at once.
	require.Equal(t, []commit.Outcome{commit.Done, commit.Duplicate}, outcomes(t, s.as("c"), deliveries[:2]...))
	require.Equal(t, []commit.Outcome{commit.Duplicate}, outcomes(t, s.as("c"), deliveries[2]))
	require.Equal(t, 1, s.length(s.out("a")))
	require.Empty(t, s.held())
	ttl := s.client.PTTL(t.Context(), commit.MarkKey(s.in, "g", "same")).Val()
	require.InDelta(t, time.Minute, ttl, float64(10*time.Second))
}
