package commit_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/commit"
	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/internal/redistest"
)

func TestOneOfTwoHoldersCommits(t *testing.T) {
	t.Parallel()
	for name, order := range map[string][]string{
		"the first holder commits first":  {"first", "second"},
		"the second holder commits first": {"second", "first"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, 1)
			holders := map[string]commit.Entry{"first": s.read("first", 1)[0]}
			holders["second"] = s.claim("second")[0]
			require.Equal(t, 2, holders["second"].Attempt)

			require.Equal(t, []commit.Outcome{commit.Done},
				outcomes(t, s.as(order[0]), publishes(holders[order[0]], s.out("a"), s.out("b"))))
			require.Equal(t, []commit.Outcome{commit.Fenced},
				outcomes(t, s.as(order[1]), publishes(holders[order[1]], s.out("a"), s.out("b"))))
			require.Equal(t, 1, s.length(s.out("a")))
			require.Equal(t, 1, s.length(s.out("b")))
			require.Empty(t, s.held())
		})
	}
}

func TestCommitRepeatedChangesNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t, 3)
	entries := s.read("c", 3)
	deliveries := []commit.Delivery{
		publishes(entries[0], s.out("a")),
		{ID: entries[1].ID, Attempt: 1, Effects: handoff.Effects{Park: true, Aside: handoff.Aside{For: time.Hour}}},
		{ID: entries[2].ID, Effects: handoff.Effects{Marks: []handoff.Mark{{Key: "k"}}}},
	}
	require.Equal(t, []commit.Outcome{commit.Done, commit.Done, commit.Done}, outcomes(t, s.as("c"), deliveries...))
	for range 3 {
		for _, outcome := range outcomes(t, s.as("c"), deliveries...) {
			require.Equal(t, commit.Fenced, outcome)
		}
	}
	require.Equal(t, 1, s.length(s.out("a")))
	require.Len(t, s.held(), 1, "the parked entry stays pending")
}

// A message that another consumer took must not be put aside under its nose.
func TestAFencedHolderParksNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t, 1)
	entry := s.read("first", 1)[0]
	s.claim("second")
	parked := commit.Delivery{ID: entry.ID, Attempt: entry.Attempt, Effects: handoff.Effects{Park: true, Aside: handoff.Aside{For: time.Hour}}}
	require.Equal(t, []commit.Outcome{commit.Fenced}, outcomes(t, s.as("first"), parked))
	require.Equal(t, map[string]string{entry.ID: "second"}, s.held())
}

func TestACommitWhoseReplyIsLostHappensOnce(t *testing.T) {
	t.Parallel()
	for name, retries := range map[string]int{"with go-redis's retries": 3, "without": -1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, 1)
			link := redistest.Proxy(t, server.Addr())
			client := redis.NewClient(&redis.Options{Addr: link.Addr(), MaxRetries: retries})
			defer client.Close()
			group := s.as("c")
			group.Client = client

			// The script is there before, or its first try would fail unexecuted.
			_, err := group.Commit(t.Context(), []commit.Delivery{{ID: "1-1"}})
			require.NoError(t, err)
			entry := s.read("c", 1)[0]
			link.LoseNextReply(func(request []byte) bool { return bytes.Contains(request, []byte(s.out("a"))) })

			_, err = group.Commit(t.Context(), []commit.Delivery{publishes(entry, s.out("a"))})
			require.Error(t, err, "the reply is lost, and who calls must learn of it")
			results, err := group.Commit(t.Context(), []commit.Delivery{publishes(entry, s.out("a"))})
			require.NoError(t, err)
			require.Equal(t, commit.Fenced, results[0].Outcome, "the first try has settled it")
			require.Equal(t, 1, link.Lost())
			require.Equal(t, 1, s.length(s.out("a")))
			require.Empty(t, s.held())
		})
	}
}

func TestScriptsSurviveAScriptFlush(t *testing.T) {
	t.Parallel()
	s := stage{t: t, client: redistest.Start(t).Client(t), in: "{flushed}"} // others need their scripts
	require.NoError(t, s.client.XGroupCreateMkStream(t.Context(), s.in, "g", "0").Err())
	s.add(2)
	for _, entry := range s.read("c", 2) {
		require.NoError(t, s.client.ScriptFlush(t.Context()).Err())
		require.Equal(t, []commit.Outcome{commit.Done}, outcomes(t, s.as("c"), publishes(entry, s.out("a"))))
	}
	require.Equal(t, 2, s.length(s.out("a")))
}

func TestALostGroupIsNotTakenForAFence(t *testing.T) {
	t.Parallel()
	s := newStage(t, 2)
	entries := s.read("c", 2)
	require.NoError(t, s.client.XGroupDestroy(t.Context(), s.in, "g").Err())
	require.Equal(t, []commit.Outcome{commit.GroupGone, commit.GroupGone}, outcomes(t, s.as("c"),
		publishes(entries[0], s.out("a")),
		commit.Delivery{ID: entries[1].ID, Attempt: entries[1].Attempt, Effects: handoff.Effects{Park: true}}))
	require.Zero(t, s.length(s.out("a")))
}
