package redistest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"
)

func TestAClusterSpreadsKeysOverThreeMasters(t *testing.T) {
	t.Parallel()
	cluster := StartCluster(t, 0)
	client := cluster.Client(t)
	owners := map[*Server]int{}
	for i := range 100 {
		key := fmt.Sprint(i)
		if err := client.Set(t.Context(), key, "value", 0).Err(); err != nil {
			t.Fatal(err)
		}
		shard := cluster.Shard(t, key)
		owners[shard.Master]++
		if n, err := shard.Master.Client(t).Exists(t.Context(), key).Result(); err != nil || n != 1 {
			t.Errorf("%s is not on its master: %d, %v", key, n, err)
		}
		if len(shard.Replicas) != 0 {
			t.Errorf("%d replicas, want none", len(shard.Replicas))
		}
	}
	if len(owners) != 3 {
		t.Errorf("the keys are on %d servers, want 3", len(owners))
	}
	others := cluster.Others(t, "1")
	if len(others) != 2 || others[0] == others[1] || others[0] == cluster.Shard(t, "1").Master {
		t.Errorf("the other masters: %v", others)
	}
	if slot := cluster.Slot(t, "foo"); slot != 12182 {
		t.Errorf("the slot of foo is %d", slot)
	}
}

func TestAReplicaReplacesAMasterThatWasKilled(t *testing.T) {
	t.Parallel()
	cluster := StartCluster(t, 1)
	client := cluster.Client(t)
	set := func(value string) error { return client.Set(t.Context(), "key", value, 0).Err() }
	if err := set("1"); err != nil {
		t.Fatal(err)
	}
	shard := cluster.Shard(t, "key")
	shard.Replicas[0].CatchUp(t, shard.Master)
	shard.Master.Kill(t)
	cluster.AwaitPromotion(t, "key", shard.Master)
	if got := cluster.Shard(t, "key").Master; got != shard.Replicas[0] {
		t.Errorf("the master is %s, want the replica %s", got.Addr(), shard.Replicas[0].Addr())
	}
	await(t, "the client to find the new master", func() bool {
		client.ReloadState(t.Context())
		return client.Get(t.Context(), "key").Val() == "1"
	})

	shard.Master.Restart(t)
	cluster.AwaitWhole(t)
	again := cluster.Shard(t, "key")
	if len(again.Replicas) != 1 || again.Replicas[0] != shard.Master {
		t.Error("the old master did not come back as a replica")
	}
}

func TestFailoverByHandLosesNothing(t *testing.T) {
	t.Parallel()
	cluster := StartCluster(t, 1)
	client := cluster.Client(t)
	before := cluster.Shard(t, "key").Master
	done := make(chan struct{})
	var n int
	var counting sync.WaitGroup
	counting.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			if err := client.Incr(t.Context(), "key").Err(); err != nil {
				t.Error(err)
				return
			}
			n++
		}
	})
	cluster.Failover(t, "key")
	close(done)
	counting.Wait()
	if cluster.Shard(t, "key").Master == before {
		t.Error("the master is the same")
	}
	if got, err := client.Get(t.Context(), "key").Int(); err != nil || got != n {
		t.Errorf("%d, %v of %d increments", got, err, n)
	}
}

func TestReshardMovesASlotKeyByKey(t *testing.T) {
	t.Parallel()
	cluster := StartCluster(t, 0)
	client := cluster.Client(t)
	keys := []string{"{slot}:a", "{slot}:b", "{slot}:c"}
	for _, key := range keys {
		if err := client.Set(t.Context(), key, key, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	to := cluster.Others(t, keys[0])[0]
	var moved []string
	cluster.Reshard(t, keys[0], to, func(key string) {
		moved = append(moved, key)
		err := client.MGet(t.Context(), keys...).Err()
		if unstable := redis.HasErrorPrefix(err, "TRYAGAIN"); unstable != (len(moved) < len(keys)) {
			t.Errorf("with %d of %d keys moved, one read of them all ended with: %v", len(moved), len(keys), err)
		}
	})
	if fmt.Sprint(moved) != fmt.Sprint(keys) {
		t.Errorf("moved %v, want %v", moved, keys)
	}
	if got := cluster.Shard(t, keys[0]).Master; got != to {
		t.Errorf("the slot is at %s, want %s", got.Addr(), to.Addr())
	}
	for _, key := range keys {
		if got, err := client.Get(t.Context(), key).Result(); err != nil || got != key {
			t.Errorf("%s is %q, %v", key, got, err)
		}
	}
}
