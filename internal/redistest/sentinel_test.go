package redistest

import "testing"

func TestASentinelPromotesTheReplicaOfADeadMaster(t *testing.T) {
	t.Parallel()
	master := Start(t)
	replica := master.Replica(t)
	sentinel := StartSentinel(t, master, replica)
	client := sentinel.FailoverClient(t)
	mustSet(t, client, "key", "value")
	replica.CatchUp(t, master)
	if got := sentinel.Master(t); got != master.Addr() {
		t.Errorf("the master is %s, want %s", got, master.Addr())
	}

	master.Kill(t)
	sentinel.AwaitMaster(t, replica)
	await(t, "the client to find the new master", func() bool {
		return client.Set(t.Context(), "other", "value", 0).Err() == nil
	})
	if got, err := replica.Client(t).MGet(t.Context(), "key", "other").Result(); err != nil || got[0] != "value" || got[1] != "value" {
		t.Errorf("the promoted replica has %q, %v", got, err)
	}
}
