package redistest

import (
	"net"
	"strings"
	"testing"
)

// form makes a cluster of servers that do not know each other, and returns when
// every one of them finds it whole.
func (c *Cluster) form(tb testing.TB) {
	tb.Helper()
	ctx := tb.Context()
	for i, n := range c.nodes {
		n.id = n.client.ClusterMyID(ctx).Val()
		// Different from the start, or they would have to find out who is to give way.
		n.must(tb, "CLUSTER", "SET-CONFIG-EPOCH", i+1)
		if i < masters {
			n.must(tb, "CLUSTER", "ADDSLOTSRANGE", i*slots/masters, (i+1)*slots/masters-1)
		}
	}
	for i, n := range c.nodes {
		for _, other := range c.nodes[i+1:] {
			n.meet(tb, other)
		}
	}
	await(tb, "the cluster's nodes to know each other", func() bool { return c.acquainted(tb) })
	for i, n := range c.nodes[masters:] {
		n.must(tb, "CLUSTER", "REPLICATE", c.nodes[i%masters].id)
	}
	c.AwaitWhole(tb)
}

// slots is how many a cluster has.
const slots = 16384

// must runs a command on the node.
func (n *node) must(tb testing.TB, args ...any) {
	tb.Helper()
	if err := n.client.Do(tb.Context(), args...).Err(); err != nil {
		tb.Fatalf("%v on %s: %v", args, n.addr, err)
	}
}

func (n *node) meet(tb testing.TB, other *node) {
	tb.Helper()
	host, port, err := net.SplitHostPort(other.addr)
	if err != nil {
		tb.Fatal(err)
	}
	_, bus, err := net.SplitHostPort(other.busAddr)
	if err != nil {
		tb.Fatal(err)
	}
	n.must(tb, "CLUSTER", "MEET", host, port, bus)
}

// acquainted reports whether every node has shaken hands with every other.
func (c *Cluster) acquainted(tb testing.TB) bool {
	tb.Helper()
	for _, n := range c.nodes {
		known := strings.Split(strings.TrimSpace(n.client.ClusterNodes(tb.Context()).Val()), "\n")
		if len(known) != len(c.nodes) {
			return false
		}
		for _, line := range known {
			if strings.Contains(line, "handshake") || strings.Contains(line, "disconnected") {
				return false
			}
		}
	}
	return true
}
