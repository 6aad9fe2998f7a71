package commit_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/commit"
	"github.com/millstream-go/millstream/internal/handoff"
)

// putAside parks entries that the consumer holds.
func (s stage) putAside(consumer string, d time.Duration, entries ...commit.Entry) {
	s.t.Helper()
	deliveries := make([]commit.Delivery, len(entries))
	for i, e := range entries {
		deliveries[i] = commit.Delivery{ID: e.ID, Attempt: e.Attempt, Effects: handoff.Effects{Park: true, Aside: handoff.Aside{For: d}}}
	}
	for _, outcome := range outcomes(s.t, s.as(consumer), deliveries...) {
		require.Equal(s.t, commit.Done, outcome)
	}
}

// Handlers that reject everything leave parked entries that are due without end.
func TestABacklogOfDueEntriesKeepsNoOthersFromBeingTaken(t *testing.T) {
	t.Parallel()
	for _, count := range []int{1, 2, 3, 10} {
		t.Run(fmt.Sprintf("%d at a time", count), func(t *testing.T) {
			t.Parallel()
			s := newStage(t, 52)
			abandoned, leaving := s.read("dead", 1)[0], s.read("leaving", 1)[0]
			s.putAside("c", 0, s.read("c", 50)...)
			_, err := s.as("leaving").Leave(t.Context(), []commit.Unfinished{{ID: leaving.ID, Started: true}})
			require.NoError(t, err)
			time.Sleep(2 * time.Millisecond) // idle from here on

			missing := map[string]commit.Whence{abandoned.ID: commit.Abandoned, leaving.ID: commit.HandedBack}
			claim := commit.Claim{Idle: time.Millisecond, HandedBack: true, Count: count, Cursor: "-"}
			resumed := 0
			for range 6 {
				claimed, err := s.as("c").Claim(t.Context(), claim)
				require.NoError(t, err)
				require.Len(t, claimed.Entries, count, "what others leave is for due ones")
				for _, e := range claimed.Entries {
					if e.Whence == commit.Parked {
						resumed++
						s.putAside("c", 0, e)
						continue
					}
					require.Equal(t, 2, e.Attempt)
					require.Equal(t, missing[e.ID], e.Whence)
					delete(missing, e.ID)
					require.NoError(t, s.as("c").Drop(t.Context(), []string{e.ID}))
				}
				claim.Cursor, claim.Unset, claim.OthersFirst = claimed.Cursor, claimed.Unset, !claim.OthersFirst
			}
			require.Empty(t, missing, "not taken")
			require.NotZero(t, resumed, "due ones have their share, too")
		})
	}
}

func TestASearchGoesOnFromConsumerToConsumer(t *testing.T) {
	t.Parallel()
	s := newStage(t, 130*2)
	for i := range 130 {
		s.read(fmt.Sprintf("dead of pod %d", i), 2)
	}
	seen, calls := map[string]bool{}, 0
	for cursor := "-"; calls == 0 || cursor != "-"; calls++ {
		require.Less(t, calls, 100, "it comes to no end")
		claimed, err := s.as("me").Claim(t.Context(), commit.Claim{Count: 7, Cursor: cursor})
		require.NoError(t, err)
		cursor = claimed.Cursor
		for _, e := range claimed.Entries {
			require.Equal(t, 2, e.Attempt)
			require.False(t, seen[e.ID], "taken twice in one round")
			seen[e.ID] = true
		}
	}
	require.Len(t, seen, 260)
}

func TestParkedEntriesWhoseDueTimeWasLostAreFoundAmongManyOthers(t *testing.T) {
	t.Parallel()
	s := newStage(t, 1700)
	entries := s.read("c", 1700)
	s.putAside("c", time.Hour, entries...)
	for _, i := range []int{3, 1100, 1699} {
		require.NoError(t, s.client.ZRem(t.Context(), commit.ParkingKey(s.in, "g"), entries[i].ID).Err())
	}
	var found []string
	claim := commit.Claim{Count: 2, Cursor: "-"}
	for range 20 {
		claimed, err := s.as("c").Claim(t.Context(), claim)
		require.NoError(t, err)
		for _, e := range claimed.Entries {
			require.Equal(t, commit.Abandoned, e.Whence)
			require.Equal(t, 2, e.Attempt)
			found = append(found, e.ID)
			require.NoError(t, s.as("c").Drop(t.Context(), []string{e.ID}))
		}
		claim.Cursor, claim.Unset = claimed.Cursor, claimed.Unset
	}
	require.ElementsMatch(t, []string{entries[3].ID, entries[1100].ID, entries[1699].ID}, found)
}

func TestAParkingSetThatIsNoneStopsNothingElse(t *testing.T) {
	t.Parallel()
	s := newStage(t, 3)
	parked := s.read("c", 1)[0]
	s.putAside("c", time.Hour, parked)
	dead, leaving := s.read("dead", 1)[0], s.read("leaving", 1)[0]
	_, err := s.as("leaving").Leave(t.Context(), []commit.Unfinished{{ID: leaving.ID}})
	require.NoError(t, err)
	key := commit.ParkingKey(s.in, "g")
	require.NoError(t, s.client.Set(t.Context(), key, "no set", 0).Err())

	claimed, err := s.as("c").Claim(t.Context(), commit.Claim{HandedBack: true, Count: 10, Cursor: "-"})
	var broken *commit.KeyError
	require.ErrorAs(t, err, &broken)
	require.Equal(t, key, broken.Key)
	require.True(t, redis.HasErrorPrefix(err, "WRONGTYPE"), err)
	require.Len(t, claimed.Entries, 2)
	require.Equal(t, leaving.ID, claimed.Entries[0].ID)
	require.Equal(t, dead.ID, claimed.Entries[1].ID)
	require.Equal(t, "-", claimed.Cursor)
	require.Negative(t, claimed.Due)
	require.Equal(t, "millstream:parked", s.held()[parked.ID], "nobody knows when it is due")
}

// A search must not keep the server the longer the more is parked.
func BenchmarkSearchBesideManyParked(b *testing.B) {
	ctx, client := context.Background(), server.Client(b)
	in := "{" + b.Name() + "}"
	require.NoError(b, client.XGroupCreateMkStream(ctx, in, "g", "0").Err())
	g := commit.Group{Client: client, Stream: in, Group: "g", Consumer: "c"}
	for range 200 {
		_, err := client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for range 1000 {
				p.XAdd(ctx, &redis.XAddArgs{Stream: in, Values: []any{"n", 1}})
			}
			return nil
		})
		require.NoError(b, err)
		entries, err := g.Read(ctx, 1000, -1)
		require.NoError(b, err)
		deliveries := make([]commit.Delivery, len(entries))
		for i, e := range entries {
			deliveries[i] = commit.Delivery{ID: e.ID, Attempt: 1, Effects: handoff.Effects{Park: true, Aside: handoff.Aside{For: time.Hour}}}
		}
		_, err = g.Commit(ctx, deliveries)
		require.NoError(b, err)
	}
	claim := commit.Claim{HandedBack: true, Count: 100, Cursor: "-"}
	for b.Loop() {
		claim.Cursor = "-"
		for more := true; more; more = claim.Cursor != "-" {
			claimed, err := g.Claim(ctx, claim)
			require.NoError(b, err)
			claim.Cursor, claim.Unset = claimed.Cursor, claimed.Unset
		}
	}
	b.StopTimer()
	require.NoError(b, client.Del(ctx, in, commit.ParkingKey(in, "g")).Err())
}
