package snippets_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
)

// configured starts a redis-server with files that the guide shows.
func configured(t *testing.T, files ...string) *redistest.Server {
	t.Helper()
	var args []string
	for _, file := range files {
		path, err := filepath.Abs(file)
		require.NoError(t, err)
		args = append(args, "--include", path)
	}
	return redistest.Start(t, redistest.Args(args...))
}

// book is a pipeline that is not run: what it holds is counted.
func book() (*pipeline.Pipeline, pipeline.Flow[int]) {
	p := pipeline.New("book")
	lines := pipeline.Source[int](p, "lines")
	pipeline.Sink(lines, "write", func(context.Context, int) error { return nil })
	return p, lines
}

// numbers returns n numbers from one on.
func numbers(from, n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = from + i
	}
	return all
}

// held returns how many messages of the book there are.
func held(t *testing.T, client redis.UniversalClient) int {
	t.Helper()
	n, err := client.XLen(t.Context(), "{book}:lines").Result()
	require.NoError(t, err)
	return int(n)
}

func TestWithSnapshotsACrashLosesAllSinceTheLastOne(t *testing.T) {
	t.Parallel()
	on := configured(t, "redis/snapshots.conf")
	client := on.Client(t)
	_, lines := book()
	transport := transportOn(t, client)
	require.NoError(t, publish(t.Context(), transport, lines, numbers(0, 100)...))
	require.NoError(t, client.Save(t.Context()).Err())
	require.NoError(t, publish(t.Context(), transport, lines, numbers(100, 50)...))
	on.Kill(t)
	on.Restart(t)
	require.Equal(t, 100, held(t, client))
}

// acknowledged is when Redis said of how many messages that it has them.
type acknowledged struct {
	at []time.Time
}

// before returns how many it had by a time.
func (a acknowledged) before(end time.Time) (n int) {
	for n < len(a.at) && a.at[n].Before(end) {
		n++
	}
	return n
}

// fill publishes messages one after the other until the server is gone.
func fill(t *testing.T, on *redistest.Server) (stop func() acknowledged) {
	t.Helper()
	options, err := redis.ParseURL(on.URL())
	require.NoError(t, err)
	options.MaxRetries, options.DialerRetries = -1, 1
	client := redis.NewClient(options)
	_, lines := book()
	publisher, err := pipeline.NewPublisher(lines, transportOn(t, client))
	require.NoError(t, err)
	var seen acknowledged
	var ended sync.WaitGroup
	ended.Go(func() {
		for publisher.Publish(context.Background(), len(seen.at)) == nil {
			seen.at = append(seen.at, time.Now())
		}
	})
	return func() acknowledged {
		ended.Wait()
		require.NoError(t, publisher.Close())
		require.NoError(t, client.Close())
		return seen
	}
}

func TestWithAlwaysACrashLosesNothing(t *testing.T) {
	t.Parallel()
	on := configured(t, "redis/always.conf")
	for range 3 {
		stop, client := fill(t, on), on.Client(t)
		await(t, "there is something", func() bool { return client.XLen(t.Context(), "{book}:lines").Val() > 20 })
		on.Kill(t)
		seen := stop()
		on.Restart(t)
		require.GreaterOrEqual(t, len(seen.at), 20)
		// One more may have been written whose reply was lost.
		require.Contains(t, []int{len(seen.at), len(seen.at) + 1}, held(t, client))
		require.NoError(t, client.Del(t.Context(), "{book}:lines").Err())
	}
}

// What a killed process has written is with the operating system, so mostly nothing is
// lost. Redis puts off writing while a sync takes long, for two seconds at most.
func TestWithEverysecACrashOfTheProcessLosesTwoSecondsAtMost(t *testing.T) {
	t.Parallel()
	on := configured(t, "redis/everysec.conf")
	stop, client := fill(t, on), on.Client(t)
	await(t, "there is something", func() bool { return client.XLen(t.Context(), "{book}:lines").Val() > 1 })
	time.Sleep(3 * time.Second) // longer than what may be lost
	killed := time.Now()
	on.Kill(t)
	seen := stop()
	on.Restart(t)
	require.NotZero(t, seen.before(killed.Add(-2*time.Second)))
	require.GreaterOrEqual(t, held(t, client), seen.before(killed.Add(-2*time.Second)))
	t.Logf("%d of %d were lost", len(seen.at)-held(t, client), len(seen.at))
}

func TestAFullRedisRefusesWhatIsPublishedAndKeepsWhatItHas(t *testing.T) {
	t.Parallel()
	on := configured(t, "redis/memory.conf")
	client := on.Client(t)
	p, lines := book()
	transport := transportOn(t, client)
	require.NoError(t, publish(t.Context(), transport, lines, numbers(0, 100)...))
	require.NoError(t, transport.Prepare(t.Context(), []pipeline.Subscription{{Topic: lines.Topics()[0], Group: "write", Poison: p.PoisonTopic()}}))
	require.NoError(t, client.ConfigSet(t.Context(), "maxmemory", "1mb").Err())
	require.ErrorContains(t, publish(t.Context(), transport, lines, 100), "OOM")
	require.Equal(t, 100, held(t, client))
	require.NoError(t, workOff(t.Context(), p, transport))
	require.Zero(t, held(t, client))
}

func TestAMasterWithoutReplicasTakesNoMessages(t *testing.T) {
	t.Parallel()
	on := configured(t, "redis/everysec.conf", "redis/replicas.conf")
	_, lines := book()
	require.ErrorContains(t, publish(t.Context(), transportOn(t, on.Client(t)), lines, 1), "NOREPLICAS")
	on.Replica(t)
	await(t, "there is a replica", func() bool {
		return publish(t.Context(), transportOn(t, on.Client(t)), lines, 1) == nil
	})
}

// ledger counts how often each number was handled.
type ledger struct {
	mu    sync.Mutex
	times map[int]int
}

func (l *ledger) compose() (*pipeline.Pipeline, pipeline.Flow[int]) {
	p := pipeline.New("book")
	lines := pipeline.Source[int](p, "lines")
	pipeline.Sink(lines, "write", func(_ context.Context, n int) error {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.times[n]++
		return nil
	})
	return p, lines
}

func TestABackupGoesBackToWhereItWasTaken(t *testing.T) {
	t.Parallel()
	ctx, l := t.Context(), ledger{times: map[int]int{}}
	p, lines := l.compose()
	on := configured(t, "redis/always.conf")
	s, transport := newShell(t, on), transportOn(t, on.Client(t))
	require.NoError(t, publish(ctx, transport, lines, 1))
	require.NoError(t, workOff(ctx, p, transport))
	require.NoError(t, publish(ctx, transport, lines, 2)) // waits
	s.run(t, "backup.sh")
	require.NoError(t, workOff(ctx, p, transport))
	require.NoError(t, publish(ctx, transport, lines, 3)) // waits
	on.Kill(t)

	conf, err := filepath.Abs("redis/restore.conf")
	require.NoError(t, err)
	restored := redistest.Start(t, redistest.Args("--dir", s.dir, "--include", conf))
	client := restored.Client(t)
	require.NoError(t, workOff(ctx, p, transportOn(t, client)))
	require.Equal(t, map[int]int{1: 1, 2: 2}, l.times, "2 comes again, 3 is lost")

	require.NoError(t, publish(ctx, transportOn(t, client), lines, 4))
	golden(t, "restore.txt", strings.ReplaceAll(newShell(t, restored).run(t, "restore.sh"), "\r", ""))
	restored.Kill(t)
	always, err := filepath.Abs("redis/always.conf")
	require.NoError(t, err)
	durable := redistest.Start(t, redistest.Args("--dir", s.dir, "--include", always))
	require.NoError(t, workOff(ctx, p, transportOn(t, durable.Client(t))))
	require.Equal(t, map[int]int{1: 1, 2: 2, 4: 1}, l.times)
}

func TestAnAppendOnlyFileIsCopiedWhileTheServerRuns(t *testing.T) {
	t.Parallel()
	always, err := filepath.Abs("redis/always.conf")
	require.NoError(t, err)
	dir := t.TempDir()
	on := redistest.Start(t, redistest.Args("--dir", dir, "--include", always))
	stop := fill(t, on)
	client := on.Client(t)
	await(t, "there is something", func() bool { return client.XLen(t.Context(), "{book}:lines").Val() > 50 })
	s := newShell(t, on)
	s.dir = dir
	begun := time.Now()
	s.run(t, "copy.sh")
	on.Kill(t)
	seen := stop()

	target := t.TempDir()
	require.NoError(t, os.Rename(filepath.Join(dir, "backup"), filepath.Join(target, "appendonlydir")))
	restored := redistest.Start(t, redistest.Args("--dir", target, "--include", always))
	require.GreaterOrEqual(t, held(t, restored.Client(t)), seen.before(begun))
	require.LessOrEqual(t, held(t, restored.Client(t)), len(seen.at)+1)
}

// A server with appendonly yes reads its append-only file, and nothing else.
func TestASnapshotIsNotReadBesideAnAppendOnlyFile(t *testing.T) {
	t.Parallel()
	on := configured(t, "redis/snapshots.conf")
	_, lines := book()
	require.NoError(t, publish(t.Context(), transportOn(t, on.Client(t)), lines, 1))
	s := newShell(t, on)
	s.run(t, "backup.sh")
	require.NoError(t, os.Rename(filepath.Join(s.dir, "backup.rdb"), filepath.Join(s.dir, "dump.rdb")))
	always, err := filepath.Abs("redis/always.conf")
	require.NoError(t, err)
	empty := redistest.Start(t, redistest.Args("--dir", s.dir, "--include", always))
	require.Zero(t, held(t, empty.Client(t)))
}

func TestWithoutPersistenceACrashLosesAllAndStagesGoOnWithWhatComes(t *testing.T) {
	t.Parallel()
	on := redistest.Start(t)
	client, l := on.Client(t), ledger{times: map[int]int{}}
	p, lines := l.compose()
	transport := transportOn(t, client)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx, transport) }()
	require.NoError(t, publish(ctx, transport, lines, 1))
	waitIdle(t, p, transport)
	on.Kill(t)
	on.Restart(t)
	require.NoError(t, publish(ctx, transport, lines, 2))
	waitIdle(t, p, transport)
	stop()
	require.NoError(t, <-ended)
	require.Equal(t, map[int]int{1: 1, 2: 1}, l.times, "the stages go on by themselves")
}

func TestAProgramFollowsItsSentinelsToANewMaster(t *testing.T) {
	t.Parallel()
	master := redistest.Start(t)
	replica := master.Replica(t)
	sentinel := redistest.StartSentinel(t, master, replica)
	sentinels := []string{sentinel.Addr()}
	// begin sentinel
	client := redis.NewFailoverClient(&redis.FailoverOptions{MasterName: "main", SentinelAddrs: sentinels})
	defer client.Close()
	transport, err := streams.NewTransport(client, streams.Config{})
	// end sentinel
	require.NoError(t, err)
	l := ledger{times: map[int]int{}}
	p, lines := l.compose()
	stop := running(t, p, transport)
	require.NoError(t, publish(t.Context(), transport, lines, 1))
	waitIdle(t, p, transport)
	replica.CatchUp(t, master)
	master.Kill(t)
	sentinel.AwaitMaster(t, replica)
	await(t, "the new master takes messages", func() bool { return publish(t.Context(), transport, lines, 2) == nil })
	waitIdle(t, p, transport)
	stop()
	require.Equal(t, 1, l.times[1])
	require.NotZero(t, l.times[2])
}
