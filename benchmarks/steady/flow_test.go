package steady_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/benchmarks/chain"
	"github.com/millstream-go/millstream/benchmarks/steady"
	"github.com/millstream-go/millstream/internal/demoredis"
	"github.com/millstream-go/millstream/internal/redistest"
)

var began = time.Now()

// flow is a short one through three stages.
func flow(t *testing.T, contender string) steady.Flow {
	t.Helper()
	all := chain.Contenders()
	i := slices.IndexFunc(all, func(c chain.Contender) bool { return c.Name() == contender })
	require.NotEqual(t, -1, i, contender)
	return steady.Flow{
		Redis: &redis.Options{Addr: server.Addr()}, Contender: all[i],
		Stages: 3, Concurrency: 1, Messages: 300, Rate: 1000,
		Payload: func(i int, at time.Time) string { return fmt.Sprintf(`"%d %d"`, i, at.Sub(began)) },
		Parse: func(p string) (i int, at time.Time, ok bool) {
			var since int64
			n, err := fmt.Sscanf(p, `"%d %d"`, &i, &since)
			return i, began.Add(time.Duration(since)), n == 2 && err == nil
		},
	}
}

// run returns what became of a flow, and checks that it left nothing behind.
func run(t *testing.T, f steady.Flow) steady.Outcome {
	t.Helper()
	o, err := f.Run(t.Context())
	require.NoError(t, err)
	assert.Equal(t, f.Messages, o.Account.Sent+o.Account.Failed, "%v", o)
	assert.Equal(t, o.Account.Sent, o.Account.Received+o.Account.Lost, "%v", o)
	assertClean(t, f)
	return o
}

func assertClean(t *testing.T, f steady.Flow) {
	t.Helper()
	client := redis.NewClient(f.Redis)
	defer client.Close()
	keys, err := client.Keys(context.Background(), "*").Result()
	assert.NoError(t, err)
	assert.Empty(t, keys, "keys stayed behind")
}

func TestEveryMessageIsTimedFromWhenItWasToBeSent(t *testing.T) {
	for _, contender := range chain.Contenders() {
		f := flow(t, contender.Name())
		f.Messages = 100
		o := run(t, f)
		assert.Equal(t, bench.Account{Sent: 100, Received: 100}, o.Account, contender.Name())
		assert.EqualValues(t, 90, o.Latency.TotalCount(), "all but the first tenth")
		assert.Greater(t, o.Elapsed, 95*time.Millisecond, "100 messages, 1,000 a second")
		assert.Zero(t, o.Late, contender.Name())
	}
}

// The stage works for twice as long as the schedule leaves it, so that the last message
// comes out as much later as all were sent in: about 300 ms. A sender that waited for
// what it had sent would find 2 ms.
func TestAChainThatIsTooSlowShowsInEveryLatency(t *testing.T) {
	for _, contender := range []string{chain.Millstream, chain.Stock} {
		f := flow(t, contender)
		f.Work = steady.Slow(2, 2*time.Millisecond)
		o := run(t, f)
		assert.Zero(t, o.Account.Lost, contender)
		assert.Greater(t, o.Latency.Max(), (250 * time.Millisecond).Microseconds(), contender)
		assert.Greater(t, o.Settled, 250*time.Millisecond, contender)
	}
}

func TestPubSubLosesWhatComesWhileNobodyListens(t *testing.T) {
	f := flow(t, chain.PubSub)
	f.Lossy, f.Halfway = true, steady.Redeploy(50*time.Millisecond)
	o := run(t, f)
	assert.GreaterOrEqual(t, o.Account.Lost, 25, "50 ms away, 1,000 a second: %v", o)
	assert.Greater(t, o.Account.Received, 100, "%v", o)
	assert.GreaterOrEqual(t, o.Pause, 50*time.Millisecond, "%v", o)
}

// Stock is not stopped at work in these tests: its publisher has a race of its own between
// Close and Publish, which the detector finds.
func TestMillstreamLosesNothingWhenStagesRestart(t *testing.T) {
	f := flow(t, chain.Millstream)
	f.Lossy, f.Halfway = true, steady.Redeploy(50*time.Millisecond)
	o := run(t, f)
	assert.Zero(t, o.Account.Lost, "%v", o)
	assert.GreaterOrEqual(t, o.Pause, 50*time.Millisecond, "%v", o)
}

func TestMillstreamLosesNothingWhenRedisIsKilled(t *testing.T) {
	own := redistest.Start(t, redistest.AOF())
	f := flow(t, chain.Millstream)
	f.Redis = &redis.Options{Addr: own.Addr()}
	f.Lossy, f.Halfway = true, steady.Outage(own, 50*time.Millisecond)
	o := run(t, f)
	assert.Zero(t, o.Account.Lost, "%v", o)
	assert.Zero(t, o.Account.Doubled, "%v", o)
	assert.Greater(t, o.Account.Sent, 250, "only calls under way may fail: %v", o)
}

// hoarding reads a message and ends without having passed it on: it stays with a
// consumer that is gone. Started again it passes on all, and what is old enough.
type hoarding struct{ runs int }

func (*hoarding) Name() string { return "hoarding" }

func (h *hoarding) Run(ctx context.Context, c chain.Chain) error {
	h.runs++
	client := c.Connect()
	defer client.Close()
	group := fmt.Sprint("run", h.runs)
	if h.runs == 1 {
		client.XGroupCreateMkStream(ctx, c.Topic(0), "group", "0")
	}
	if h.runs == 2 {
		group = "again"
		taken, _, err := client.XAutoClaim(ctx, &redis.XAutoClaimArgs{
			Stream: c.Topic(0), Group: "group", Consumer: group, MinIdle: time.Minute, Start: "0", Count: 10,
		}).Result()
		if err != nil {
			return err
		}
		for _, m := range taken {
			client.XAdd(ctx, &redis.XAddArgs{Stream: c.Topic(1), Values: m.Values})
			client.XAck(ctx, c.Topic(0), "group", m.ID)
		}
	}
	for n := 0; ctx.Err() == nil; {
		read, _ := client.XReadGroup(ctx, &redis.XReadGroupArgs{
			Group: "group", Consumer: group, Streams: []string{c.Topic(0), ">"}, Block: 10 * time.Millisecond,
		}).Result()
		for _, s := range read {
			for _, m := range s.Messages {
				if n++; n == 7 {
					continue
				}
				client.XAdd(ctx, &redis.XAddArgs{Stream: c.Topic(1), Values: m.Values})
				client.XAck(ctx, c.Topic(0), "group", m.ID)
			}
		}
	}
	return nil
}

func TestWhatAConsumerHoldsThatIsGoneIsLateAndNotLost(t *testing.T) {
	f := flow(t, chain.Stock)
	f.Contender, f.Stages, f.Messages, f.Lossy = &hoarding{}, 1, 20, true
	o := run(t, f)
	assert.Equal(t, bench.Account{Sent: 20, Received: 20}, o.Account)
	assert.Equal(t, 1, o.Late)
	assert.Less(t, o.Settled, time.Second, "the late one is left out of it")
}

// ending is a contender that cannot go on.
type ending struct{ err error }

func (ending) Name() string                             { return "ending" }
func (e ending) Run(context.Context, chain.Chain) error { return e.err }

func TestStagesThatEndAreAnError(t *testing.T) {
	f := flow(t, chain.Stock)
	f.Contender = ending{assert.AnError}
	_, err := f.Run(t.Context())
	assert.ErrorIs(t, err, assert.AnError)
	assertClean(t, f)
}

func TestAFlowEndsWithItsContext(t *testing.T) {
	for _, contender := range []string{chain.Millstream, chain.PubSub} {
		ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
		f := flow(t, contender)
		f.Messages = 1_000_000
		_, err := f.Run(ctx)
		cancel()
		assert.ErrorIs(t, err, context.DeadlineExceeded, contender)
		assertClean(t, f)
	}
}

func TestAnOutageEndsWithItsContextAndLeavesNothing(t *testing.T) {
	own := redistest.Start(t, redistest.AOF())
	ctx, cancel := context.WithTimeout(t.Context(), 250*time.Millisecond)
	defer cancel()
	f := flow(t, chain.Millstream)
	f.Redis = &redis.Options{Addr: own.Addr()}
	f.Lossy, f.Halfway = true, steady.Outage(own, time.Hour)
	_, err := f.Run(ctx)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assertClean(t, f)
}

func TestAFlowNeedsNoRealRedis(t *testing.T) {
	client, stop, err := demoredis.Start()
	require.NoError(t, err)
	defer stop()
	for _, contender := range []string{chain.Millstream, chain.PubSub} {
		f := flow(t, contender)
		f.Redis = &redis.Options{Addr: client.Options().Addr}
		f.Lossy, f.Halfway = true, steady.Redeploy(20*time.Millisecond)
		o := run(t, f)
		if contender != chain.PubSub {
			assert.Zero(t, o.Account.Lost, "%s: %v", contender, o)
		}
	}
}
