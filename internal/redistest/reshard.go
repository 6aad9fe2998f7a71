package redistest

import (
	"net"
	"slices"
	"testing"
)

// Reshard moves the slot of a key to another master, one key after the other, as
// redis-cli does, and calls moved after each: until it returns, the keys of the
// slot are on two servers.
func (c *Cluster) Reshard(tb testing.TB, key string, to *Server, moved func(key string)) {
	tb.Helper()
	c.resharding.Lock()
	defer c.resharding.Unlock()
	slot := c.Slot(tb, key)
	source, target := c.at(c.Shard(tb, key).Master.addr), c.at(to.addr)
	target.must(tb, "CLUSTER", "SETSLOT", slot, "IMPORTING", source.id)
	source.must(tb, "CLUSTER", "SETSLOT", slot, "MIGRATING", target.id)
	for {
		keys, err := source.client.ClusterGetKeysInSlot(tb.Context(), slot, 100).Result()
		if err != nil {
			tb.Fatalf("keys of slot %d: %v", slot, err)
		}
		if len(keys) == 0 {
			break
		}
		slices.Sort(keys)
		for _, key := range keys {
			source.migrate(tb, key, target)
			moved(key)
		}
	}
	// The new owner first: else the old one would say that nobody serves the slot.
	owners := []*node{target, source}
	for _, n := range c.running(tb) {
		if replication := n.client.InfoMap(tb.Context(), "replication").Val()["Replication"]; replication["role"] == "master" && !slices.Contains(owners, n) {
			owners = append(owners, n)
		}
	}
	for _, n := range owners {
		n.must(tb, "CLUSTER", "SETSLOT", slot, "NODE", target.id)
	}
	c.AwaitPromotion(tb, key, source.Server)
}

func (n *node) migrate(tb testing.TB, key string, target *node) {
	tb.Helper()
	host, port, err := net.SplitHostPort(target.addr)
	if err != nil {
		tb.Fatal(err)
	}
	n.must(tb, "MIGRATE", host, port, key, 0, patience.Milliseconds())
}
