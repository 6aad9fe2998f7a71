package snippets_test

import (
	"context"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
)

// begin shards
// shops are pipelines that are alike, each in a slot of its own.
var shops = []string{"shop-0", "shop-1", "shop-2", "shop-3"}

// composeShop returns one of them.
func composeShop(name string, send func(context.Context, Receipt) error) (*pipeline.Pipeline, pipeline.Flow[Order]) {
	shop := pipeline.New(name)
	placed := pipeline.Source[Order](shop, "placed")
	pipeline.Sink(pipeline.Stage(placed, "charge", charge), "send", send)
	return shop, placed
}

// end shards

func TestPipelinesThatAreAlikeShareTheWorkOfACluster(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t, 0)
	addresses := cluster.Addrs()
	// begin cluster
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: addresses}) // some of the nodes
	defer client.Close()
	transport, err := streams.NewTransport(client, streams.Config{})
	// end cluster
	require.NoError(t, err)

	var sent atomic.Int64
	masters := map[string]bool{}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	for _, name := range shops {
		shop, placed := composeShop(name, func(context.Context, Receipt) error { sent.Add(1); return nil })
		require.NoError(t, publish(ctx, transport, placed, Order{"o-1", 100}, Order{"o-2", 200}))
		go func() { ended <- shop.Run(ctx, transport) }()
		waitIdle(t, shop, transport)

		master := cluster.Shard(t, placed.Topics()[0]).Master
		masters[master.Addr()] = true
		keys, err := master.Client(t).Keys(ctx, "{"+name+"}*").Result()
		require.NoError(t, err)
		require.Len(t, keys, 2, "not all topics are in one place")
	}
	require.EqualValues(t, 2*len(shops), sent.Load())
	require.Greater(t, len(masters), 1, "one node does all the work")
	stop()
	for range shops {
		require.NoError(t, <-ended)
	}
	s := newShell(t, cluster.Shard(t, "{shop-0}:placed").Master)
	golden(t, "cluster.txt", s.run(t, "cluster.sh"))
}

// Without +command a client of a cluster goes on, but is refused something with each request.
func TestAWorkerOfAClusterNeedsTwoPermissionsMore(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t, 0)
	worker := regexp.MustCompile(`(?m)^user worker (.*)$`).FindStringSubmatch(read(t, "redis/users.acl"))
	rules := append(strings.Fields(worker[1]), "+cluster|slots", "+command")
	key := "{shop}:placed"
	nodes := []*redis.Client{cluster.Shard(t, key).Master.Client(t)}
	for _, other := range cluster.Others(t, key) {
		nodes = append(nodes, other.Client(t))
	}
	for _, node := range nodes {
		require.NoError(t, node.ACLSetUser(t.Context(), "worker", rules...).Err())
	}
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: cluster.Addrs(), Username: "worker", Password: "worker-password"})
	defer client.Close()
	sent := make(chan string, 1)
	p, placed := composeShop("shop", func(_ context.Context, r Receipt) error { sent <- r.OrderID; return nil })
	running(t, p, transportOn(t, client))
	require.NoError(t, publish(t.Context(), transportOn(t, client), placed, Order{"o-1", 100}))
	await(t, "the order is sent", func() bool { return len(sent) == 1 })
	for _, node := range nodes {
		denials, err := node.ACLLog(t.Context(), 100).Result()
		require.NoError(t, err)
		requireOnlyGreetings(t, denials)
	}
}
