package redistest

import (
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// Shard is who serves a key.
type Shard struct {
	Master   *Server
	Replicas []*Server
}

// Slot returns the slot of a key.
func (c *Cluster) Slot(tb testing.TB, key string) int {
	tb.Helper()
	slot, err := c.running(tb)[0].client.ClusterKeySlot(tb.Context(), key).Result()
	if err != nil {
		tb.Fatalf("slot of %s: %v", key, err)
	}
	return int(slot)
}

// Shard returns who serves a key, once all running servers agree about it.
func (c *Cluster) Shard(tb testing.TB, key string) Shard {
	tb.Helper()
	slot := c.Slot(tb, key)
	var shard Shard
	await(tb, "the cluster's nodes to agree who serves "+key, func() bool {
		view, agreed := c.agreed(tb, slot)
		if agreed {
			shard = c.shard(view)
		}
		return agreed
	})
	return shard
}

// Others returns the masters of the other keys.
func (c *Cluster) Others(tb testing.TB, key string) []*Server {
	tb.Helper()
	own := c.Shard(tb, key).Master
	var others []*Server
	for slot := range masters {
		view, _ := c.agreed(tb, slot*slots/masters)
		if master := c.shard(view).Master; master != own && !slices.Contains(others, master) {
			others = append(others, master)
		}
	}
	return others
}

// AwaitWhole waits until every running server finds the cluster whole, agrees with
// the others who serves what, and replicates, if it is a replica. A server that
// was killed or paused is not missed if its slots are served.
func (c *Cluster) AwaitWhole(tb testing.TB) {
	tb.Helper()
	await(tb, "the cluster to be whole", func() bool {
		running := c.running(tb)
		for _, n := range running {
			if !n.content(tb) {
				return false
			}
		}
		seen := 0
		for i := range masters {
			view, agreed := c.agreed(tb, i*slots/masters)
			if !agreed {
				return false
			}
			seen += len(view)
		}
		return seen == len(running)
	})
}

// content reports whether the node has nothing to wait for.
func (n *node) content(tb testing.TB) bool {
	tb.Helper()
	ctx := tb.Context()
	if !strings.Contains(n.client.ClusterInfo(ctx).Val(), "cluster_state:ok\r\n") {
		return false
	}
	replication := n.client.InfoMap(ctx, "replication").Val()["Replication"]
	return replication["role"] == "master" || replication["master_link_status"] == "up"
}

// agreed returns the addresses of those who serve a slot, the master first, and
// whether all running nodes see it so.
func (c *Cluster) agreed(tb testing.TB, slot int) (view []string, agreed bool) {
	tb.Helper()
	for i, n := range c.running(tb) {
		shards, err := n.client.ClusterShards(tb.Context()).Result()
		if err != nil {
			return nil, false
		}
		at := slices.IndexFunc(shards, func(s redis.ClusterShard) bool {
			return slices.ContainsFunc(s.Slots, func(r redis.SlotRange) bool {
				return r.Start <= int64(slot) && int64(slot) <= r.End
			})
		})
		if at < 0 {
			return nil, false
		}
		serving := addrsOf(shards[at].Nodes)
		if len(serving) == 0 || i > 0 && !slices.Equal(view, serving) {
			return nil, false
		}
		view = serving
	}
	return view, true
}

// addrsOf returns the addresses of a shard's nodes that serve it, the master first;
// none without a master.
func addrsOf(nodes []redis.Node) []string {
	var master, replicas []string
	for _, n := range nodes {
		addr := net.JoinHostPort(n.IP, strconv.FormatInt(n.Port, 10))
		switch {
		case n.Health != "online":
		case n.Role == "master":
			master = append(master, addr)
		default:
			replicas = append(replicas, addr)
		}
	}
	if len(master) != 1 {
		return nil
	}
	slices.Sort(replicas)
	return append(master, replicas...)
}

func (c *Cluster) shard(view []string) Shard {
	shard := Shard{Master: c.at(view[0]).Server}
	for _, addr := range view[1:] {
		shard.Replicas = append(shard.Replicas, c.at(addr).Server)
	}
	return shard
}

func (c *Cluster) at(addr string) *node {
	return c.nodes[slices.IndexFunc(c.nodes, func(n *node) bool { return n.addr == addr })]
}

// running returns the nodes that were neither killed nor paused.
func (c *Cluster) running(tb testing.TB) []*node {
	tb.Helper()
	var running []*node
	for _, n := range c.nodes {
		if n.answers() {
			running = append(running, n)
		}
	}
	if len(running) == 0 {
		tb.Fatal("no server of the cluster runs")
	}
	return running
}
