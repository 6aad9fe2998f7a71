package commit_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/commit"
	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/internal/redistest"
)

// trim trims as group "g" until there is no more to delete and returns how many
// were deleted.
func (s stage) trim(t commit.Trim) (deleted int) {
	s.t.Helper()
	for range 10_000 {
		got := s.trimOnce(t)
		require.Empty(s.t, got.Missing)
		require.False(s.t, got.Skipped)
		deleted += got.Deleted
		if !got.More {
			return deleted
		}
	}
	require.FailNow(s.t, "there is always more to delete")
	return 0
}

func (s stage) trimOnce(t commit.Trim) commit.Trimmed {
	s.t.Helper()
	got, err := s.as("c").Trim(s.t.Context(), t)
	require.NoError(s.t, err)
	return got
}

// ids returns what is in the stream.
func (s stage) ids() []string {
	s.t.Helper()
	entries, err := s.client.XRange(s.t.Context(), s.in, "-", "+").Result()
	require.NoError(s.t, err)
	ids := make([]string, len(entries))
	for i, e := range entries {
		ids[i] = e.ID
	}
	return ids
}

// xadd adds an entry with that id.
func (s stage) xadd(id string) {
	s.t.Helper()
	require.NoError(s.t, s.client.XAdd(s.t.Context(), &redis.XAddArgs{Stream: s.in, ID: id, Values: []any{"f", "v"}}).Err())
}

// done acknowledges entries.
func (s stage) done(entries ...commit.Entry) {
	s.t.Helper()
	for _, e := range entries {
		require.Equal(s.t, []commit.Outcome{commit.Done}, outcomes(s.t, s.as("c"), commit.Delivery{ID: e.ID, Attempt: e.Attempt}))
	}
}

// park puts entries aside for long.
func (s stage) park(entries ...commit.Entry) {
	s.t.Helper()
	for _, e := range entries {
		d := commit.Delivery{ID: e.ID, Attempt: e.Attempt, Effects: handoff.Effects{Park: true, Aside: handoff.Aside{For: 24 * time.Hour}}}
		require.Equal(s.t, []commit.Outcome{commit.Done}, outcomes(s.t, s.as("c"), d))
	}
}

// group makes another group.
func (s stage) group(name, start string) {
	s.t.Helper()
	require.NoError(s.t, s.client.XGroupCreate(s.t.Context(), s.in, name, start).Err())
}

func ids(entries []commit.Entry) []string {
	ids := make([]string, len(entries))
	for i, e := range entries {
		ids[i] = e.ID
	}
	return ids
}

func TestTrimDeletesWhatIsDoneAndNothingElse(t *testing.T) {
	t.Parallel()
	s := newStage(t, 10)
	entries := s.read("c", 7)
	require.Zero(t, s.trim(commit.Trim{}), "all is pending or undelivered")
	s.done(entries[:3]...)
	s.done(entries[5])
	require.Equal(t, 3, s.trim(commit.Trim{}), "the floor is the lowest pending entry")
	s.done(entries[3:5]...)
	s.done(entries[6])
	require.Equal(t, 4, s.trim(commit.Trim{}), "the floor is the first undelivered entry")
	s.done(s.read("c", 3)...)
	require.Equal(t, 3, s.trim(commit.Trim{}))
	require.Zero(t, s.length(s.in))
	s.add(1)
	require.Len(t, s.read("c", 1), 1, "the group goes on where it was")
}

func TestTrimHoldsWhatAnyGroupNeeds(t *testing.T) {
	t.Parallel()
	s := newStage(t, 5)
	s.group("slow", "0")
	s.done(s.read("c", 5)...)
	require.Zero(t, s.trim(commit.Trim{}))
	slow := commit.Group{Client: s.client, Stream: s.in, Group: "slow", Consumer: "c"}
	entries, err := slow.Read(t.Context(), 2, -1)
	require.NoError(t, err)
	require.Zero(t, s.trim(commit.Trim{}))
	require.NoError(t, slow.Drop(t.Context(), ids(entries)))
	require.Equal(t, 2, s.trim(commit.Trim{}))
	require.NoError(t, s.client.XGroupDestroy(t.Context(), s.in, "slow").Err())
	require.Equal(t, 3, s.trim(commit.Trim{}))
}

func TestTrimGoesAroundParkedEntries(t *testing.T) {
	t.Parallel()
	for _, limits := range []commit.Limits{{}, {Most: 10, Singly: 7, Parked: 3}} {
		t.Run(fmt.Sprint(limits), func(t *testing.T) {
			t.Parallel()
			s := newStage(t, 500)
			entries := s.read("c", 500)
			var parked []commit.Entry
			for i, e := range entries {
				if i%17 == 3 {
					parked = append(parked, e)
				} else {
					s.done(e)
				}
			}
			s.park(parked...)
			require.Equal(t, 500-len(parked), s.trim(commit.Trim{Limits: limits}))
			require.Equal(t, ids(parked), s.ids())

			// What was parked and comes back is needed until it is done.
			require.NoError(t, s.client.ZAddArgs(t.Context(), commit.ParkingKey(s.in, "g"), zadd(parked[4].ID, 1)).Err())
			back, err := s.as("c").Claim(t.Context(), commit.Claim{Idle: -1, Count: 1, Cursor: "-"})
			require.NoError(t, err)
			require.Zero(t, s.trim(commit.Trim{Limits: limits}))
			s.done(back.Entries...)
			require.Equal(t, 1, s.trim(commit.Trim{Limits: limits}))
			require.Equal(t, ids(slices.Delete(parked, 4, 5)), s.ids())
		})
	}
}

func TestTrimKeepsTheNewestEntries(t *testing.T) {
	t.Parallel()
	s := newStage(t, 1000)
	all := s.ids()
	s.done(s.read("c", 1000)...)
	s.trim(commit.Trim{KeepEntries: 250})
	require.GreaterOrEqual(t, s.length(s.in), 250)
	require.Less(t, s.length(s.in), 250+100, "a node has 100 entries")
	require.Equal(t, all[1000-s.length(s.in):], s.ids())
}

// Parked entries stay anyway, so they are none of the newest that are to be kept.
func TestTrimKeepsTheNewestEntriesBesideParkedOnes(t *testing.T) {
	t.Parallel()
	for _, limits := range []commit.Limits{{}, {Singly: 7, Parked: 3}} {
		t.Run(fmt.Sprint(limits), func(t *testing.T) {
			t.Parallel()
			s := newStage(t, 100)
			all := s.ids()
			entries := s.read("c", 100)
			s.park(entries[10:50]...)
			s.done(entries[:10]...)
			s.done(entries[50:]...)
			s.trim(commit.Trim{KeepEntries: 30, Limits: limits})
			got := s.ids()
			require.Subset(t, got, all[10:50])
			require.Subset(t, got, all[70:])
			if limits == (commit.Limits{}) {
				require.Len(t, got, 70)
			}
		})
	}
}

func TestTrimKeepsYoungEntries(t *testing.T) {
	t.Parallel()
	s := newStage(t, 0)
	now := s.client.Time(t.Context()).Val().UnixMilli()
	for age := 10; age > 0; age-- {
		s.xadd(fmt.Sprintf("%d-0", now-int64(age)*time.Hour.Milliseconds()))
	}
	s.done(s.read("c", 10)...)
	require.Zero(t, s.trim(commit.Trim{KeepFor: 10*time.Hour + time.Minute}))
	require.Equal(t, 4, s.trim(commit.Trim{KeepFor: 6*time.Hour + time.Minute}))
	require.Zero(t, s.trim(commit.Trim{KeepFor: time.Hour, KeepEntries: 6}), "an entry must have outlived both")
	require.Zero(t, s.trim(commit.Trim{KeepFor: 100 * 365 * 24 * time.Hour}), "longer than there are times")
	require.Equal(t, 6, s.trim(commit.Trim{KeepFor: time.Minute}))
}

func TestTrimKnowsIdsOfAllForms(t *testing.T) {
	t.Parallel()
	const maxint = "18446744073709551615"
	forms := []string{
		"0-1", "0-9", "0-10", "0-" + maxint, "1-0", "1-" + maxint, "2-0", "9-99999999999999999", "9-100000000000000000",
		"99-1", "100-1", "9007199254740993-1", "9007199254740994-1", "18446744073709551614-" + maxint, maxint + "-0", maxint + "-" + maxint,
	}
	// The floor is at each of them, first undelivered, then pending, then parked.
	for n := range len(forms) + 1 {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			t.Parallel()
			s := newStage(t, 0)
			for _, id := range forms {
				s.xadd(id)
			}
			if n > 0 {
				s.done(s.read("c", n)...)
			}
			left := forms[n:]
			s.trim(commit.Trim{})
			if n == len(forms) {
				// Nothing can be said to be below the greatest id but what is before it.
				require.Subset(t, forms[n-1:], s.ids())
				return
			}
			require.Equal(t, left, s.ids(), "undelivered")
			rest := s.read("c", len(left))
			s.trim(commit.Trim{})
			require.Equal(t, left, s.ids(), "pending")
			s.park(rest[0])
			s.done(rest[1:]...)
			s.trim(commit.Trim{})
			require.Contains(t, s.ids(), left[0], "parked")
			require.Subset(t, []string{left[0], forms[len(forms)-1]}, s.ids())
		})
	}
}

func TestTrimLeavesAloneWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	s := newStage(t, 3)
	entries := s.read("c", 3)
	s.done(entries...)

	other := s.as("c")
	other.Group = "none"
	got, err := other.Trim(t.Context(), commit.Trim{})
	require.NoError(t, err)
	require.Equal(t, commit.Trimmed{Stalled: []commit.Stalled{}, Missing: []string{"none"}}, got)

	got = s.trimOnce(commit.Trim{Needed: []string{"late", "g"}})
	require.Equal(t, []string{"late"}, got.Missing)
	require.Equal(t, 3, s.length(s.in), "a group is missing that may need it")
	s.group("late", "0")
	require.Zero(t, s.trim(commit.Trim{Needed: []string{"late"}}))
	require.Equal(t, 3, s.length(s.in))

	gone := s.as("c")
	gone.Stream += "none"
	got, err = gone.Trim(t.Context(), commit.Trim{})
	require.NoError(t, err)
	require.Equal(t, []string{"g"}, got.Missing)
	require.Zero(t, s.client.Exists(t.Context(), gone.Stream, commit.StalledKey(gone.Stream)).Val())

	wrong := s.as("c")
	wrong.Stream = s.out("text")
	require.NoError(t, s.client.Set(t.Context(), wrong.Stream, "x", 0).Err())
	_, err = wrong.Trim(t.Context(), commit.Trim{})
	require.ErrorContains(t, err, "WRONGTYPE")
	require.Equal(t, "x", s.client.Get(t.Context(), wrong.Stream).Val())
}

func TestTrimWorksOnStreamsThatOthersChange(t *testing.T) {
	t.Parallel()
	s := newStage(t, 10)
	entries := s.read("c", 6)
	s.done(entries[0], entries[2], entries[5])
	// Deleted at the floor, in front of it and behind it, pending and not.
	for _, i := range []int{0, 1, 4} {
		require.NoError(t, s.client.XDel(t.Context(), s.in, entries[i].ID).Err())
	}
	left := s.ids()
	s.trim(commit.Trim{})
	require.Subset(t, left, s.ids())
	require.Subset(t, s.ids(), left[1:])
	require.Contains(t, s.ids(), entries[3].ID)
	require.Len(t, s.claim("c2"), 1, "the other two are gone")
	require.Equal(t, 1, s.trim(commit.Trim{}), "what a deleted one had held up")
	require.NoError(t, s.client.Do(t.Context(), "XSETID", s.in, "99999999999999-7").Err())
	require.Zero(t, s.trim(commit.Trim{}))
	require.NoError(t, s.client.XGroupSetID(t.Context(), s.in, "g", "99999999999999-9").Err())
	require.NoError(t, s.as("c2").Drop(t.Context(), []string{entries[3].ID}))
	require.Equal(t, 6, s.trim(commit.Trim{}), "the group was told to pass over them")
	require.Empty(t, s.ids())
	s.group("late", "0")
	s.xadd("99999999999999-10")
	s.trim(commit.Trim{})
	require.Equal(t, []string{"99999999999999-10"}, s.ids())
}

func TestTrimLooksNoMoreOftenThanAsked(t *testing.T) {
	t.Parallel()
	s := newStage(t, 2)
	s.done(s.read("c", 2)...)
	require.False(t, s.trimOnce(commit.Trim{Every: time.Hour}).Skipped, "nobody has looked before")
	s.add(1)
	s.done(s.read("c", 1)...)
	require.True(t, s.trimOnce(commit.Trim{Every: time.Hour}).Skipped)
	require.Equal(t, 1, s.length(s.in))
	// A clock that goes back does not keep anybody from looking.
	future := s.client.Time(t.Context()).Val().Add(5 * time.Hour).UnixMilli()
	require.NoError(t, s.client.HSet(t.Context(), commit.StalledKey(s.in), "looked", future).Err())
	require.False(t, s.trimOnce(commit.Trim{Every: time.Hour}).Skipped)
	require.Zero(t, s.length(s.in))
}

// When memory is short, trimming is what helps.
func TestTrimWorksWithoutMemory(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t, redistest.Args("--maxmemory-policy", "noeviction"))
	s := newStage(t, 0)
	s.client = own.Client(t)
	require.NoError(t, s.client.XGroupCreateMkStream(t.Context(), s.in, "g", "0").Err())
	s.add(10)
	entries := s.read("c", 10)
	s.park(entries[4])
	s.done(entries[:4]...)
	s.done(entries[5:]...)
	require.NoError(t, s.client.ConfigSet(t.Context(), "maxmemory", "1").Err())
	require.Equal(t, 9, s.trim(commit.Trim{}))
}

// A wide stream costs a call no more than a narrow one.
func TestTrimDoesABoundedPartAtATime(t *testing.T) {
	t.Parallel()
	s := newStage(t, 300)
	entries := s.read("c", 300)
	s.done(entries...)
	got := s.trimOnce(commit.Trim{Limits: commit.Limits{Most: 100}})
	require.Equal(t, 100, got.Deleted)
	require.True(t, got.More)
	require.Equal(t, 200, s.trim(commit.Trim{Limits: commit.Limits{Most: 100}}))

	s.add(100)
	entries = s.read("c", 100)
	s.park(entries[0])
	s.done(entries[1:]...)
	got = s.trimOnce(commit.Trim{Limits: commit.Limits{Singly: 10}})
	require.Equal(t, 10, got.Deleted)
	require.True(t, got.More)
	require.Equal(t, 89, s.trim(commit.Trim{Limits: commit.Limits{Singly: 10}}))
	require.Empty(t, strings.Fields(s.client.HGet(t.Context(), commit.StalledKey(s.in), "walk").Val()), "the walk is over")
}
