package commit_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/commit"
)

// deadSoon has groups that stand still die quickly.
var deadSoon = commit.Trim{DeadAfter: 200 * time.Millisecond}

// slow makes a group "slow", and n entries that "g" is done with.
func (s stage) slow(n int) commit.Group {
	s.t.Helper()
	s.group("slow", "0")
	s.more(n)
	return commit.Group{Client: s.client, Stream: s.in, Group: "slow", Consumer: "s"}
}

// more adds n entries that "g" is done with.
func (s stage) more(n int) {
	s.t.Helper()
	s.add(n)
	s.done(s.read("c", n)...)
}

// stalled trims until the group is reported as the condition has it.
func (s stage) stalled(t commit.Trim, group string, condition func(commit.Stalled) bool) commit.Trimmed {
	s.t.Helper()
	var got commit.Trimmed
	require.Eventually(s.t, func() bool {
		got = s.trimOnce(t)
		for _, g := range got.Stalled {
			if g.Group == group && condition(g) {
				return true
			}
		}
		return false
	}, patience, tick)
	return got
}

func isDead(g commit.Stalled) bool { return g.Dead }

func (s stage) isStalled(group string, t commit.Trim) bool {
	s.t.Helper()
	for _, g := range s.trimOnce(t).Stalled {
		if g.Group == group {
			return true
		}
	}
	return false
}

func TestAGroupThatStandsStillIsToldOfUntilItMoves(t *testing.T) {
	t.Parallel()
	s := newStage(t, 0)
	slow := s.slow(3)
	long := func(g commit.Stalled) bool { return !g.Dead && g.For >= 50*time.Millisecond }
	s.stalled(commit.Trim{}, "slow", long)
	require.Equal(t, 3, s.length(s.in))
	entries, err := slow.Read(t.Context(), 1, -1)
	require.NoError(t, err)
	require.False(t, s.isStalled("slow", commit.Trim{}), "it has just read")
	// Now it holds one that it does not renew.
	s.stalled(commit.Trim{}, "slow", long)
	require.NoError(t, slow.Drop(t.Context(), ids(entries)))
	require.False(t, s.isStalled("slow", commit.Trim{}), "it has just settled one")
	entries, err = slow.Read(t.Context(), 2, -1)
	require.NoError(t, err)
	require.NoError(t, slow.Drop(t.Context(), ids(entries)))
	for range 20 {
		require.False(t, s.isStalled("slow", commit.Trim{}), "it needs nothing")
		time.Sleep(tick)
	}
}

// Others of the group go on reading, so it does not stand still, but what one left
// behind holds up all that comes after.
func TestAnEntryThatNobodyTakesOverIsToldOf(t *testing.T) {
	t.Parallel()
	s := newStage(t, 0)
	slow := s.slow(1)
	_, err := slow.Read(t.Context(), 1, -1)
	require.NoError(t, err)
	s.stalled(deadSoon, "slow", func(g commit.Stalled) bool {
		s.more(1)
		other := slow
		other.Consumer = "other"
		entries, err := other.Read(t.Context(), 1, -1)
		require.NoError(t, err)
		require.NoError(t, other.Drop(t.Context(), ids(entries)))
		require.False(t, g.Dead)
		return g.For >= 3*deadSoon.DeadAfter
	})
}

func TestADeadGroupHoldsNothingUntilItMoves(t *testing.T) {
	t.Parallel()
	s := newStage(t, 0)
	slow := s.slow(3)
	_, err := slow.Read(t.Context(), 1, -1)
	require.NoError(t, err)
	require.Equal(t, 3, s.stalled(deadSoon, "slow", isDead).Deleted)
	// It is no less dead for having nothing to do.
	s.more(2)
	require.Equal(t, 2, s.trim(deadSoon))
	require.True(t, s.isStalled("slow", deadSoon))
	// To those who wait for ever it is not.
	s.more(2)
	require.Zero(t, s.trim(commit.Trim{}))

	entries, err := slow.Read(t.Context(), 2, -1)
	require.NoError(t, err)
	require.Len(t, entries, 2)
	require.Zero(t, s.trim(deadSoon), "it is back, and holds what it reads")
	require.Equal(t, 2, s.length(s.in))
}

func TestADeadGroupThatIsMadeAgainIsNotDead(t *testing.T) {
	t.Parallel()
	s := newStage(t, 0)
	s.slow(3)
	s.stalled(deadSoon, "slow", isDead)
	require.NoError(t, s.client.XGroupDestroy(t.Context(), s.in, "slow").Err())
	s.trim(deadSoon)
	s.slow(3)
	require.Zero(t, s.trim(deadSoon))
}

func TestAGroupThatGivesASignOfLifeIsNotDead(t *testing.T) {
	t.Parallel()
	for name, sign := range map[string]func(*testing.T, commit.Group, []commit.Entry){
		"a handler runs for long": func(t *testing.T, slow commit.Group, held []commit.Entry) {
			t.Helper()
			require.NoError(t, slow.Renew(t.Context(), []string{held[0].ID}))
		},
		"it trims itself, and cannot renew": func(t *testing.T, slow commit.Group, _ []commit.Entry) {
			t.Helper()
			_, err := slow.Trim(t.Context(), deadSoon)
			require.NoError(t, err)
		},
		"it asks whether somebody trims": func(t *testing.T, slow commit.Group, _ []commit.Entry) {
			t.Helper()
			got, err := slow.Trim(t.Context(), commit.Trim{Every: time.Hour})
			require.NoError(t, err)
			require.True(t, got.Skipped)
		},
		"it works off what it read": func(t *testing.T, slow commit.Group, held []commit.Entry) {
			t.Helper()
			for _, e := range held[1:] {
				if n := slow.Client.XAck(t.Context(), slow.Stream, slow.Group, e.ID).Val(); n > 0 {
					return
				}
			}
			t.Error("all is settled")
		},
		"it polls, and gets nothing": func(t *testing.T, slow commit.Group, held []commit.Entry) {
			t.Helper()
			// What it has been delivered, behind the last of it.
			require.NoError(t, slow.Client.XReadGroup(t.Context(), &redis.XReadGroupArgs{
				Group: slow.Group, Consumer: slow.Consumer, Streams: []string{slow.Stream, held[len(held)-1].ID},
			}).Err())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, 0)
			slow := s.slow(1000)
			held, err := slow.Read(t.Context(), 900, -1)
			require.NoError(t, err)
			s.trim(deadSoon)
			for began := time.Now(); time.Since(began) < 3*deadSoon.DeadAfter; {
				sign(t, slow, held)
				got := s.trimOnce(deadSoon)
				require.Zero(t, got.Deleted)
				for _, g := range got.Stalled {
					require.False(t, g.Dead)
				}
				time.Sleep(tick)
			}
			// And without the sign it is.
			s.stalled(deadSoon, "slow", isDead)
		})
	}
}

// All may have been away: everybody's consumers have been silent for long then.
func TestTimeInWhichNobodyLookedDoesNotCount(t *testing.T) {
	t.Parallel()
	s := newStage(t, 0)
	s.slow(3)
	s.trim(deadSoon)
	time.Sleep(2 * deadSoon.DeadAfter)
	require.Zero(t, s.trim(deadSoon))
	require.Equal(t, 3, s.length(s.in))
	s.stalled(deadSoon, "slow", isDead)
}

// What a group waited for was deleted by somebody, and it has got new work since.
func TestAGroupIsNotDeadForWhatItNoLongerWaitsFor(t *testing.T) {
	t.Parallel()
	s := newStage(t, 0)
	s.slow(1)
	s.stalled(deadSoon, "slow", func(g commit.Stalled) bool { return g.For > deadSoon.DeadAfter/2 })
	require.NoError(t, s.client.XDel(t.Context(), s.in, s.ids()...).Err())
	for began := time.Now(); time.Since(began) < 2*deadSoon.DeadAfter; time.Sleep(tick) {
		for _, g := range s.trimOnce(deadSoon).Stalled {
			require.False(t, g.Dead)
		}
	}
	s.more(1)
	require.Zero(t, s.trim(deadSoon))
}

func TestAClockThatGoesBackKillsNoGroup(t *testing.T) {
	t.Parallel()
	s := newStage(t, 0)
	s.slow(3)
	s.trim(deadSoon)
	s.trim(deadSoon)
	at := "0-0 0 - 1 0 %d %d %d"
	future := s.client.Time(t.Context()).Val().Add(time.Hour).UnixMilli()
	for _, note := range []string{fmt.Sprintf(at, 0, 0, future), "not a note", ""} {
		require.NoError(t, s.client.HSet(t.Context(), commit.StalledKey(s.in), "group:slow", note).Err())
		for range 3 {
			require.Zero(t, s.trim(deadSoon))
		}
	}
	s.stalled(deadSoon, "slow", isDead)
}
