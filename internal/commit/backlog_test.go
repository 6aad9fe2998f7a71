package commit_test

import (
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

// backlog asks for group "g".
func (s stage) backlog() commit.Backlog {
	s.t.Helper()
	b, ok, err := commit.BacklogOf(s.t.Context(), s.client, commit.Reading{Stream: s.in, Group: "g"})
	require.NoError(s.t, err)
	require.True(s.t, ok, "there is no group")
	return b
}

// counts are those of a backlog without the times.
func counts(b commit.Backlog) [3]int64 { return [3]int64{b.Undelivered, b.Pending, b.Parked} }

func TestABacklogTellsWhatWaitsIsPendingAndIsParked(t *testing.T) {
	t.Parallel()
	s := newStage(t, 10)
	require.Equal(t, [3]int64{10, 0, 0}, counts(s.backlog()))
	entries := s.read("a", 4)
	s.read("b", 1)
	require.Equal(t, [3]int64{5, 5, 0}, counts(s.backlog()))
	require.Equal(t, []commit.Outcome{commit.Done, commit.Done}, outcomes(t, s.as("a"),
		commit.Delivery{ID: entries[0].ID, Attempt: 1, Effects: handoff.Effects{Park: true, Aside: handoff.Aside{For: time.Hour}}},
		commit.Delivery{ID: entries[1].ID, Attempt: 1},
	))
	require.Equal(t, [3]int64{5, 3, 1}, counts(s.backlog()))
	_, err := s.as("a").Leave(t.Context(), []commit.Unfinished{{ID: entries[2].ID}})
	require.NoError(t, err)
	require.Equal(t, [3]int64{5, 3, 1}, counts(s.backlog()), "what was handed back is pending")
	s.read("a", 5)
	require.Equal(t, [3]int64{0, 8, 1}, counts(s.backlog()))
}

func TestABacklogTellsTheAgesOfTheOldest(t *testing.T) {
	t.Parallel()
	s := newStage(t, 0)
	require.Zero(t, s.backlog(), "nothing is there, nothing is old")
	now, err := s.client.Time(t.Context()).Result()
	require.NoError(t, err)
	add := func(ago time.Duration) {
		t.Helper()
		id := strconv.FormatInt(now.Add(-ago).UnixMilli(), 10)
		require.NoError(t, s.client.XAdd(t.Context(), &redis.XAddArgs{Stream: s.in, ID: id, Values: []any{"n", 1}}).Err())
	}
	for _, minutes := range []time.Duration{50, 40, 30, 20, 10} {
		add(minutes * time.Minute)
	}
	minutes := func(waiting, pending time.Duration) {
		t.Helper()
		b := s.backlog()
		require.InDelta(t, waiting*time.Minute, b.Waiting, float64(30*time.Second))
		require.InDelta(t, pending*time.Minute, b.OldestPending, float64(30*time.Second))
	}
	minutes(50, 0)
	parked := s.read("a", 1)[0]
	s.read("b", 1)
	s.read("a", 1)
	minutes(20, 50)
	outcomes(t, s.as("a"), commit.Delivery{ID: parked.ID, Attempt: 1, Effects: handoff.Effects{Park: true, Aside: handoff.Aside{For: time.Hour}}})
	minutes(20, 40) // what is parked is not waited for
	s.read("a", 2)
	minutes(0, 40)
	add(-time.Hour) // by a clock that is ahead
	minutes(0, 40)
}

func TestABacklogIsExactUpToABoundAndNeverBelow(t *testing.T) {
	t.Parallel()
	s := newStage(t, 0)
	s.addMany(900)
	s.read("a", 10)
	s.forgetLag()
	require.EqualValues(t, 890, s.backlog().Undelivered)
	s.addMany(4000)
	require.EqualValues(t, 4900, s.backlog().Undelivered, "the length of the stream when nothing better is known")
	s.read("a", 4890)
	require.Zero(t, s.backlog().Undelivered)
	s.addMany(4000)
	require.EqualValues(t, 4000, s.backlog().Undelivered, "Redis's own figure when that is possible")
}

func TestABacklogOfLargeEntriesIsNotReadAsAWhole(t *testing.T) {
	t.Parallel()
	s := newStage(t, 0)
	payload := strings.Repeat("x", 300_000)
	for range 20 {
		require.NoError(t, s.client.XAdd(t.Context(), &redis.XAddArgs{Stream: s.in, Values: []any{"n", payload}}).Err())
	}
	s.read("a", 8)
	s.forgetLag()
	require.EqualValues(t, 20, s.backlog().Undelivered, "all that is known without reading more than a megabyte")
	s.read("a", 10)
	s.forgetLag()
	require.EqualValues(t, 2, s.backlog().Undelivered)
}

func TestThereIsNoBacklogOfAGroupThatIsNotThere(t *testing.T) {
	t.Parallel()
	s := newStage(t, 1)
	for _, r := range []commit.Reading{{Stream: s.in, Group: "other"}, {Stream: s.in + "none", Group: "g"}} {
		_, ok, err := commit.BacklogOf(t.Context(), s.client, r)
		require.NoError(t, err)
		require.False(t, ok)
	}
	require.NoError(t, s.client.Set(t.Context(), s.in, "no stream", 0).Err())
	_, _, err := commit.BacklogOf(t.Context(), s.client, commit.Reading{Stream: s.in, Group: "g"})
	require.ErrorContains(t, err, "WRONGTYPE")
}

func TestABacklogIsRightAfterARestartAndChangesNothing(t *testing.T) {
	t.Parallel()
	own := redistest.Start(t, redistest.AOF())
	c := own.Client(t)
	s := stage{t: t, client: c, in: "{restart}"}
	require.NoError(t, c.XGroupCreateMkStream(t.Context(), s.in, "g", "0").Err())
	s.addMany(600)
	entries := s.read("a", 200)
	outcomes(t, s.as("a"), commit.Delivery{ID: entries[0].ID, Attempt: 1, Effects: handoff.Effects{Park: true, Aside: handoff.Aside{For: time.Hour}}})
	before, err := c.XInfoStreamFull(t.Context(), s.in, 0).Result()
	require.NoError(t, err)
	want := [3]int64{400, 199, 1}
	require.Equal(t, want, counts(s.backlog()))
	after, err := c.XInfoStreamFull(t.Context(), s.in, 0).Result()
	require.NoError(t, err)
	require.Equal(t, before, after)
	own.Restart(t)
	require.Equal(t, want, counts(s.backlog()))
	info, err := c.XInfoGroups(t.Context(), s.in).Result()
	require.NoError(t, err)
	t.Logf("Redis itself says a lag of %d", info[0].Lag)
	s.read("a", 400)
	require.Equal(t, [3]int64{0, 599, 1}, counts(s.backlog()))
}

// forgetLag makes Redis's own figure of undelivered entries unknown.
func (s stage) forgetLag() {
	s.t.Helper()
	groups, err := s.client.XInfoGroups(s.t.Context(), s.in).Result()
	require.NoError(s.t, err)
	require.NoError(s.t, s.client.XGroupSetID(s.t.Context(), s.in, "g", groups[0].LastDeliveredID).Err())
}

// addMany adds entries together.
func (s stage) addMany(n int) {
	s.t.Helper()
	_, err := s.client.Pipelined(s.t.Context(), func(p redis.Pipeliner) error {
		for i := range n {
			p.XAdd(s.t.Context(), &redis.XAddArgs{Stream: s.in, Values: []any{"n", i}})
		}
		return nil
	})
	require.NoError(s.t, err)
}
