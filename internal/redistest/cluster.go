package redistest

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// masters is how many servers share a cluster's slots: as few as can agree on the
// failover of one.
const masters = 3

// nodeTimeout is how long a node of a cluster is silent before the others take it
// for dead.
const nodeTimeout = time.Second

// Cluster is a Redis Cluster: three masters with a third of the slots each, and,
// if asked for, replicas of them.
type Cluster struct {
	nodes []*node
	// resharding is held while a slot moves: each move is a new epoch.
	resharding sync.Mutex
}

// node is a server of a cluster.
type node struct {
	*Server

	id     string
	client *redis.Client
}

// StartCluster runs a cluster until the test ends, with so many replicas for each
// master. The options are those of its servers.
//
// A master that is killed is replaced by its replica after a second or two. What
// was not replicated by then is lost, as ever; so do not restart a master without
// [AOF] before that.
func StartCluster(tb testing.TB, replicas int, opts ...Option) *Cluster {
	tb.Helper()
	opts = append([]Option{clustered()}, opts...)
	c := &Cluster{}
	for range masters * (1 + replicas) {
		server := Start(tb, opts...)
		c.nodes = append(c.nodes, &node{Server: server, client: server.Client(tb)})
	}
	c.form(tb)
	return c
}

func clustered() Option {
	return func(s *Server) {
		s.clustered = true
		Args(
			"--cluster-node-timeout", strconv.FormatInt(nodeTimeout.Milliseconds(), 10),
			// A replica that has not heard anything from its master is not listed.
			"--repl-ping-replica-period", "1",
			// Each keeps the master that it was given.
			"--cluster-allow-replica-migration", "no",
		)(s)
	}
}

// Client returns a new client of the cluster, closed when the test ends. It finds
// out quickly that a server is away, but as go-redis does by default, it may take
// a minute to look for that server's successor unless ReloadState is called.
func (c *Cluster) Client(tb testing.TB) *redis.ClusterClient {
	tb.Helper()
	client := redis.NewClusterClient(&redis.ClusterOptions{
		Addrs:         c.Addrs(),
		DialTimeout:   time.Second,
		ReadTimeout:   time.Second,
		DialerRetries: 1,
	})
	closeAtEnd(tb, client)
	return client
}

// Addrs returns the hosts and ports of all servers.
func (c *Cluster) Addrs() []string {
	addrs := make([]string, len(c.nodes))
	for i, n := range c.nodes {
		addrs[i] = n.addr
	}
	return addrs
}
