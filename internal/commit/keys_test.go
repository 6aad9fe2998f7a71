package commit_test

import (
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/millstream-go/millstream/internal/commit"
	"github.com/millstream-go/millstream/internal/redistest"
)

func TestTheHashTagOfAKey(t *testing.T) {
	t.Parallel()
	for key, tag := range map[string]string{
		"":              "",
		"plain":         "plain",
		"{orders}:paid": "orders",
		"x{orders}y{z}": "orders",
		"{}orders":      "{}orders",
		"{orders":       "{orders",
		"orders}":       "orders}",
		"}{orders}":     "orders",
		"{{orders}}":    "{orders",
		"x{}{orders}":   "x{}{orders}",
	} {
		require.Equal(t, tag, commit.HashTag(key), "of %q", key)
	}
}

func TestTheKeysBesideAStream(t *testing.T) {
	t.Parallel()
	require.Equal(t, "{orders}:paid:parked:g", commit.ParkingKey("{orders}:paid", "g"))
	require.Equal(t, "{paid}:parked:g", commit.ParkingKey("paid", "g"))
	require.Equal(t, "{paid}:done:g:k", commit.MarkKey("paid", "g", "k"))
	require.Equal(t, "{paid}:published:k", commit.PublishedKey("paid", "k"))
}

// Or a message would be dropped as the duplicate of another group's.
func TestAMarkIsOfOneGroupWhateverItsName(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[%3A:a]{0,4}`)
		group, other := name.Draw(t, "group"), name.Draw(t, "other")
		key, otherKey := name.Draw(t, "key"), name.Draw(t, "other key")
		if (group != other || key != otherKey) && commit.MarkKey("s", group, key) == commit.MarkKey("s", other, otherKey) {
			t.Fatalf("%q of group %q is %q of group %q", key, group, otherKey, other)
		}
	})
	require.NotEqual(t, commit.MarkKey("s", "a:b", "c"), commit.MarkKey("s", "a", "b:c"))
}

// Redis itself says which slot a key is in.
func TestTheKeysBesideAStreamAreInItsSlot(t *testing.T) {
	t.Parallel()
	cluster := redistest.Start(t, redistest.Args("--cluster-enabled", "yes")).Client(t)
	slot := func(t *rapid.T, key string) int64 {
		n, err := cluster.ClusterKeySlot(t.Context(), key).Result()
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.StringMatching(`[{}a-c:]{1,12}`).Draw(t, "key")
		if tag := commit.HashTag(key); !strings.Contains(tag, "}") {
			// What decides the slot alone has the slot.
			if want, got := slot(t, key), slot(t, "{"+tag+"}"); want != got && tag != "" {
				t.Fatalf("%q is in slot %d, its tag %q in %d", key, want, tag, got)
			}
			group := rapid.StringMatching(`[{}a-c:]{1,5}`).Draw(t, "group")
			for _, beside := range []string{
				commit.ParkingKey(key, group), commit.MarkKey(key, group, "{k}"), commit.PublishedKey(key, "{k}"),
			} {
				if want, got := slot(t, key), slot(t, beside); want != got {
					t.Fatalf("%q is in slot %d, %q beside it in %d", key, want, beside, got)
				}
			}
		}
	})
}

// All scripts name all their keys, and these are in one slot: a cluster of one
// node refuses what does not.
func TestScriptsRunOnACluster(t *testing.T) {
	t.Parallel()
	node := redistest.Start(t, redistest.Args("--cluster-enabled", "yes"))
	c := node.Client(t)
	require.NoError(t, c.ClusterAddSlotsRange(t.Context(), 0, 16383).Err())
	require.Eventually(t, func() bool {
		return strings.Contains(c.ClusterInfo(t.Context()).Val(), "cluster_state:ok")
	}, patience, tick)
	cluster := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{node.Addr()}})
	defer cluster.Close()
	s := stage{t: t, client: cluster, in: "orders"}
	require.NoError(t, cluster.XGroupCreateMkStream(t.Context(), s.in, "g", "0").Err())
	s.add(2)
	entries := s.read("c", 2)
	require.Equal(t, []commit.Outcome{commit.Done}, outcomes(t, s.as("c"), publishes(entries[0], "{orders}:paid")))
	require.NoError(t, s.as("c").Renew(t.Context(), []string{entries[1].ID}))
	held, err := s.as("c").Held(t.Context(), "-", 10, false)
	require.NoError(t, err)
	require.Len(t, held, 1)
	require.Len(t, s.claim("d"), 1)
	_, err = s.as("d").Leave(t.Context(), []commit.Unfinished{{ID: entries[1].ID}})
	require.NoError(t, err)
	ordered, err := s.as("e").ReadOrdered(t.Context(), 0, 10)
	require.NoError(t, err)
	require.Len(t, ordered.Entries, 1)
	require.NoError(t, commit.PublishOnce(t.Context(), cluster, "orders", 0, []commit.Message{{Key: "k", Values: []any{"a", "b"}}}))
	idle, err := commit.Idle(t.Context(), cluster, []commit.Reading{{Stream: "orders", Group: "g"}, {Stream: "{orders}:paid", Group: "g"}})
	require.NoError(t, err)
	require.False(t, idle)
}
