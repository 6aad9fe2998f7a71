package redistest

import (
	"testing"

	"github.com/redis/go-redis/v9"
)

func TestAReplicaHasWhatItsMasterHasAndTakesNoWrites(t *testing.T) {
	t.Parallel()
	master := Start(t)
	client := master.Client(t)
	mustSet(t, client, "before", "1")
	replica := master.Replica(t)
	mustSet(t, client, "after", "2")
	replica.CatchUp(t, master)
	copied := replica.Client(t)
	for key, want := range map[string]string{"before": "1", "after": "2"} {
		if got, err := copied.Get(t.Context(), key).Result(); err != nil || got != want {
			t.Errorf("%s is %q, %v, want %q", key, got, err, want)
		}
	}
	if err := copied.Set(t.Context(), "key", "value", 0).Err(); !redis.IsReadOnlyError(err) {
		t.Errorf("a write to a replica: %v", err)
	}
}

func TestAPromotedReplicaKeepsItsDataAndTakesWrites(t *testing.T) {
	t.Parallel()
	master := Start(t)
	mustSet(t, master.Client(t), "key", "value")
	replica := master.Replica(t)
	master.Kill(t)
	replica.Promote(t)
	client := replica.Client(t)
	mustSet(t, client, "other", "value")
	if got, err := client.Get(t.Context(), "key").Result(); err != nil || got != "value" {
		t.Errorf("after the promotion: %q, %v", got, err)
	}
}

func TestAMasterMayFollowItsReplica(t *testing.T) {
	t.Parallel()
	master := Start(t)
	replica := master.Replica(t)
	replica.Promote(t)
	mustSet(t, replica.Client(t), "key", "value")
	master.Follow(t, replica)
	if got, err := master.Client(t).Get(t.Context(), "key").Result(); err != nil || got != "value" {
		t.Errorf("after the change: %q, %v", got, err)
	}
}

func TestAReplicaThatIsCutOffMissesWhatComesAfter(t *testing.T) {
	t.Parallel()
	master := Start(t)
	client := master.Client(t)
	replica := master.Replica(t)
	mustSet(t, client, "before", "value")
	replica.CatchUp(t, master)
	master.CutReplicas(t)
	mustSet(t, client, "after", "value")
	copied := replica.Client(t)
	await(t, "the replica to notice", func() bool {
		return copied.InfoMap(t.Context(), "replication").Val()["Replication"]["master_link_status"] == "down"
	})
	master.Kill(t)
	replica.Promote(t)
	if got, err := copied.Keys(t.Context(), "*").Result(); err != nil || len(got) != 1 || got[0] != "before" {
		t.Errorf("the promoted replica has %q, %v", got, err)
	}
}
