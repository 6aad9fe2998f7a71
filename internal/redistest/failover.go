package redistest

import "testing"

// Failover hands the slots of a key's master over to its replica without losing
// anything, as for maintenance, and returns when all servers know.
func (c *Cluster) Failover(tb testing.TB, key string) {
	tb.Helper()
	shard := c.Shard(tb, key)
	if len(shard.Replicas) == 0 {
		tb.Fatalf("%s has no replica", key)
	}
	c.at(shard.Replicas[0].addr).must(tb, "CLUSTER", "FAILOVER")
	c.AwaitPromotion(tb, key, shard.Master)
}

// AwaitPromotion waits until another server than the given one is the master of a
// key and the cluster is whole.
func (c *Cluster) AwaitPromotion(tb testing.TB, key string, not *Server) {
	tb.Helper()
	slot := c.Slot(tb, key)
	await(tb, "another master of "+key, func() bool {
		view, agreed := c.agreed(tb, slot)
		return agreed && view[0] != not.addr
	})
	c.AwaitWhole(tb)
}
