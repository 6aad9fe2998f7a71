package snippets_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/docs/guide/snippets/shop"
	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
)

// begin drain
// drain returns when the pipeline has nothing left to do. Nobody may publish any more, and
// its workers must run.
func drain(ctx context.Context, p *pipeline.Pipeline, transport pipeline.Transport) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	return p.WaitIdle(ctx, transport)
}

// end drain

// tally counts what was sent.
type tally struct {
	mu   sync.Mutex
	sent map[string]int
}

func newTally() *tally { return &tally{sent: map[string]int{}} }

func (c *tally) send(_ context.Context, r Receipt) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent[r.OrderID]++
	return nil
}

// requireOnce requires that n orders were sent, each once.
func (c *tally) requireOnce(t *testing.T, n int) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, times := range c.sent {
		require.Equal(t, 1, times, id)
	}
	require.Len(t, c.sent, n)
}

// compose returns the shop with a stage of a name between its source and its end.
func (c *tally) compose(name, stage string) (*pipeline.Pipeline, pipeline.Flow[Order]) {
	p := pipeline.New(name)
	placed := pipeline.Source[Order](p, "placed")
	pipeline.Sink(pipeline.Stage(placed, stage, charge), "send", c.send)
	return p, placed
}

func orders(from, n int) []Order {
	all := make([]Order, n)
	for i := range all {
		all[i] = Order{fmt.Sprintf("o-%d", from+i), 100}
	}
	return all
}

// running runs a pipeline until it is stopped.
func running(t *testing.T, p *pipeline.Pipeline, transport pipeline.Transport) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx, transport) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func TestAStageIsRenamedInADrainedPipeline(t *testing.T) {
	t.Parallel()
	on := redistest.Start(t)
	client, c := on.Client(t), newTally()
	// All that was done stays in the streams: a new group would do it again.
	keeping, err := streams.NewTransport(client, streams.Config{KeepHistory: true})
	require.NoError(t, err)
	before, placed := c.compose("shop", "charge")
	stop := running(t, before, keeping)
	require.NoError(t, publish(t.Context(), keeping, placed, orders(0, 20)...))
	require.NoError(t, drain(t.Context(), before, keeping))
	stop()
	newShell(t, on).run(t, "rename.sh")

	after, placed := c.compose("shop", "bill")
	running(t, after, keeping)
	require.NoError(t, publish(t.Context(), keeping, placed, orders(20, 20)...))
	require.NoError(t, drain(t.Context(), after, keeping))
	c.requireOnce(t, 40)
	groups, err := client.XInfoGroups(t.Context(), "{shop}:placed").Result()
	require.NoError(t, err)
	require.Len(t, groups, 1)
}

// What the guide warns of.
func TestARenamedStageDoesAgainWhatItsStreamStillHolds(t *testing.T) {
	t.Parallel()
	client, c := redistest.Start(t).Client(t), newTally()
	keeping, err := streams.NewTransport(client, streams.Config{KeepHistory: true})
	require.NoError(t, err)
	before, placed := c.compose("shop", "charge")
	require.NoError(t, publish(t.Context(), keeping, placed, orders(0, 5)...))
	require.NoError(t, workOff(t.Context(), before, keeping))
	after, _ := c.compose("shop", "bill")
	require.NoError(t, workOff(t.Context(), after, keeping))
	require.Equal(t, 2, c.sent["o-0"])
}

func TestTheGroupOfAStageThatIsGoneHoldsTheStreamUntilItIsDestroyed(t *testing.T) {
	t.Parallel()
	on := redistest.Start(t)
	client, c := on.Client(t), newTally()
	transport := transportOn(t, client)
	before, _ := c.compose("shop", "charge")
	require.NoError(t, workOff(t.Context(), before, transport))
	after, placed := c.compose("shop", "bill")
	transport = transportOn(t, client) // another process
	require.NoError(t, publish(t.Context(), transport, placed, orders(0, 20)...))
	require.NoError(t, workOff(t.Context(), after, transport))
	require.EqualValues(t, 20, client.XLen(t.Context(), "{shop}:placed").Val())
	require.NoError(t, client.XGroupDestroy(t.Context(), "{shop}:placed", "charge").Err())
	running(t, after, transport)
	await(t, "the stream is trimmed", func() bool { return client.XLen(t.Context(), "{shop}:placed").Val() == 0 })
	c.requireOnce(t, 20)
}

func TestAStageThatWasTakenOutGoesOnWhenItIsPutBack(t *testing.T) {
	t.Parallel()
	client, c := redistest.Start(t).Client(t), newTally()
	with, placed := c.compose("shop", "charge")
	require.NoError(t, workOff(t.Context(), with, transportOn(t, client)))
	require.NoError(t, publish(t.Context(), transportOn(t, client), placed, orders(0, 20)...))
	without := pipeline.New("shop")
	pipeline.Sink(pipeline.Source[Order](without, "placed"), "audit", func(context.Context, Order) error { return nil })
	require.NoError(t, workOff(t.Context(), without, transportOn(t, client)))
	require.Empty(t, c.sent)
	require.NoError(t, workOff(t.Context(), with, transportOn(t, client)))
	c.requireOnce(t, 20)
}

func TestAPipelineOfAnotherNameTakesOverWhileMessagesFlow(t *testing.T) {
	t.Parallel()
	on := redistest.Start(t)
	client, c := on.Client(t), newTally()
	transport := transportOn(t, client)
	before, placedBefore := c.compose("shop", "charge")
	after, placedAfter := c.compose("shop-2", "bill")
	stop := running(t, before, transport)
	require.NoError(t, publish(t.Context(), transport, placedBefore, orders(0, 50)...))
	running(t, after, transportOn(t, client))
	require.NoError(t, publish(t.Context(), transport, placedAfter, orders(50, 50)...))
	require.NoError(t, drain(t.Context(), before, transport))
	stop()
	requireRetires(t, newShell(t, on), client)
	require.NoError(t, publish(t.Context(), transport, placedAfter, orders(100, 50)...))
	require.NoError(t, drain(t.Context(), after, transport))
	c.requireOnce(t, 150)
	require.Empty(t, client.Keys(t.Context(), "{shop}:*").Val())
	require.NotEmpty(t, client.Keys(t.Context(), "{shop-2}:*").Val())
}

// requireRetires requires that a pipeline is deleted, but not while there is poison.
func requireRetires(t *testing.T, s shell, client *redis.Client) {
	t.Helper()
	mark := client.Set(t.Context(), "{shop}:placed:done:charge:it's a key", "", 0)
	require.NoError(t, mark.Err())
	require.NoError(t, client.XAdd(t.Context(), &redis.XAddArgs{Stream: "{shop}:poison", ID: "1-1", Values: []any{"a", "b"}}).Err())
	require.Error(t, s.command(t, "retire.sh").Run())
	require.EqualValues(t, 2, client.Exists(t.Context(), "{shop}:placed", "{shop}:poison").Val())
	require.NoError(t, client.XDel(t.Context(), "{shop}:poison", "1-1").Err())
	s.run(t, "retire.sh")
}

// The processes of the version before know nothing of the group, and trim the stream.
func TestAStageThatIsAddedGetsAllThatComesFromThenOn(t *testing.T) {
	t.Parallel()
	client, c, audited := redistest.Start(t).Client(t), newTally(), newTally()
	before, placed := c.compose("shop", "charge")
	running(t, before, transportOn(t, client))
	after, added := c.compose("shop", "charge")
	pipeline.Sink(added, "audit", func(ctx context.Context, o Order) error {
		return audited.send(ctx, Receipt{OrderID: o.ID})
	})
	transport := transportOn(t, client)
	running(t, after, transport)
	await(t, "the group is there", func() bool {
		return len(client.XInfoGroups(t.Context(), "{shop}:placed").Val()) == 2
	})
	require.NoError(t, publish(t.Context(), transport, placed, orders(0, 100)...))
	waitIdle(t, after, transport)
	c.requireOnce(t, 100)
	audited.requireOnce(t, 100)
}

// flowing runs the shop, has something happen when it has begun, and requires that each of
// its orders comes out once.
func flowing(t *testing.T, client redis.UniversalClient, happens func()) {
	t.Helper()
	p, placed := shop.Compose()
	transport := transportOn(t, client)
	all := make([]shop.Order, 500)
	for i := range all {
		all[i] = shop.Order{ID: fmt.Sprint(i), Cents: 1}
	}
	require.NoError(t, publish(t.Context(), transport, placed, all...))
	stop := running(t, p, transport)
	await(t, "it works", func() bool { return client.XLen(t.Context(), "{shop}:journal").Val() > 20 })
	happens()
	waitIdle(t, p, transport)
	requireEachOnce(t, client, len(all))
	stop()
}

func TestAServerThatIsReplacedByItsReplicaInOrderLosesNothing(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t, 1)
	shard := cluster.Shard(t, "{shop}:placed")
	s := newShell(t, shard.Replicas[0])
	flowing(t, cluster.Client(t), func() {
		s.run(t, "failover.sh")
		cluster.AwaitPromotion(t, "{shop}:placed", shard.Master)
	})
}

func TestAServerThatIsRestartedWithAnAppendOnlyFileLosesNothing(t *testing.T) {
	t.Parallel()
	on := configured(t, "redis/always.conf")
	flowing(t, on.Client(t), func() {
		on.Kill(t)
		on.Restart(t)
	})
}
