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
