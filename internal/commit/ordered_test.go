package commit_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOrderedReadsNothingWhileAnotherHolds(t *testing.T) {
	t.Parallel()
	s := newStage(t, 3)
	held := s.read("first", 1)
	got, err := s.as("second").ReadOrdered(t.Context(), time.Hour, 10)
	require.NoError(t, err)
	require.True(t, got.Wait)
	require.Empty(t, got.Entries)

	outcomes(t, s.as("first"), publishes(held[0]))
	got, err = s.as("second").ReadOrdered(t.Context(), time.Hour, 10)
	require.NoError(t, err)
	require.Len(t, got.Entries, 2)
}

func TestOrderedTakesOverTheOldestFirst(t *testing.T) {
	t.Parallel()
	s := newStage(t, 4)
	dead := s.read("dead", 3)
	got, err := s.as("c").ReadOrdered(t.Context(), 0, 2)
	require.NoError(t, err)
	require.Equal(t, []string{dead[0].ID, dead[1].ID}, []string{got.Entries[0].ID, got.Entries[1].ID})
	require.Equal(t, 2, got.Entries[0].Attempt)
	got, err = s.as("c").ReadOrdered(t.Context(), 0, 2)
	require.NoError(t, err)
	require.Len(t, got.Entries, 1, "what comes after the dead one's entries is for the next read")
	require.Equal(t, dead[2].ID, got.Entries[0].ID)
}

func TestOrderedTellsWhatToWaitFor(t *testing.T) {
	t.Parallel()
	s := newStage(t, 1)
	entry := s.read("c", 1)[0]
	got, err := s.as("c").ReadOrdered(t.Context(), time.Hour, 10)
	require.NoError(t, err)
	require.Equal(t, entry.ID, got.After)
	s.add(1)
	require.NoError(t, s.as("c").AwaitNew(t.Context(), got.After, time.Minute))
}
