package commit_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/commit"
	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/internal/lease"
)

// A lease says who is at work, a mark what is done: of two that work on the same
// because a lease ran out, the first to commit is the one that counts.
func TestALeaseIsNoMark(t *testing.T) {
	t.Parallel()
	for name, owner := range map[string]string{"its own": "own/1", "another's": "other/1", "none": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, 2)
			entries := s.read("c", 2)
			key := commit.MarkKey(s.in, "g", "m")
			if owner != "" {
				_, err := lease.Acquire(t.Context(), s.client, key, owner, time.Minute)
				require.NoError(t, err)
			}
			marks := func(entry commit.Entry) commit.Delivery {
				d := publishes(entry, s.out("a"))
				d.Effects.Marks = []handoff.Mark{{Key: "m", TTL: time.Hour}}
				return d
			}
			require.Equal(t, []commit.Outcome{commit.Done, commit.Duplicate},
				outcomes(t, s.as("c"), marks(entries[0]), marks(entries[1])))
			require.Equal(t, 1, s.length(s.out("a")))
			granted, err := lease.Acquire(t.Context(), s.client, key, "own/1", time.Minute)
			require.NoError(t, err)
			require.Equal(t, handoff.Finished, granted.State)
			require.Greater(t, s.client.PTTL(t.Context(), key).Val(), 50*time.Minute)
		})
	}
}

// A worker that woke late and cannot commit leaves the lease to who has it by now.
func TestACommitThatFailsEndsNoLease(t *testing.T) {
	t.Parallel()
	s := newStage(t, 1)
	require.NoError(t, s.client.Set(t.Context(), s.out("broken"), "no stream", 0).Err())
	key := commit.MarkKey(s.in, "g", "m")
	_, err := lease.Acquire(t.Context(), s.client, key, "other/1", time.Minute)
	require.NoError(t, err)
	d := publishes(s.read("c", 1)[0], s.out("broken"))
	d.Effects.Marks = []handoff.Mark{{Key: "m", TTL: time.Hour}}
	require.Equal(t, []commit.Outcome{commit.Failed}, outcomes(t, s.as("c"), d))
	taken, err := lease.Acquire(t.Context(), s.client, key, "third/1", time.Minute)
	require.NoError(t, err)
	require.Equal(t, handoff.Taken, taken.State)
}

// Whether it is a duplicate is not known, so it is neither passed on nor dropped.
func TestAMarkThatCannotBeLookedAtPutsTheMessageAside(t *testing.T) {
	t.Parallel()
	s := newStage(t, 1)
	key := commit.MarkKey(s.in, "g", "m")
	require.NoError(t, s.client.RPush(t.Context(), key, "no mark").Err())
	d := publishes(s.read("c", 1)[0], s.out("a"))
	d.Effects.Marks = []handoff.Mark{{Key: "m", TTL: time.Hour}}
	results, err := s.as("c").Commit(t.Context(), []commit.Delivery{d})
	require.NoError(t, err)
	require.Equal(t, commit.Failed, results[0].Outcome)
	require.ErrorContains(t, results[0].Err, key)
	require.ErrorContains(t, results[0].Err, "WRONGTYPE")
	require.Zero(t, s.length(s.out("a")))
	require.Len(t, s.held(), 1)
	require.EqualValues(t, 1, s.client.LLen(t.Context(), key).Val())
}
