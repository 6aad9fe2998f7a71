package snippets_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/docs/guide/snippets/shop"
	"github.com/millstream-go/millstream/internal/child"
	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
)

// workers starts processes of the worker program.
type workers struct {
	binary string
	env    []string
}

// build builds the program, once for all tests.
var build = sync.OnceValues(func() (binary string, err error) {
	binary = filepath.Join(binaries, "worker")
	out, err := exec.Command("go", "build", "-o", binary, "./worker").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("build the worker: %w: %s", err, out)
	}
	return binary, err
})

func workersOn(t *testing.T, on *redistest.Server) workers {
	t.Helper()
	binary, err := build()
	require.NoError(t, err)
	return workers{binary, append(os.Environ(), "REDIS_URL="+on.URL())}
}

func (w workers) start(t *testing.T, stages ...string) *child.Process {
	t.Helper()
	cmd := exec.Command(w.binary, stages...)
	cmd.Env, cmd.Stderr = w.env, os.Stderr
	p, err := child.Start(cmd)
	require.NoError(t, err)
	t.Cleanup(p.Kill)
	return p
}

// placing publishes orders until it is told to stop, and then returns how many.
func placing(t *testing.T, transport pipeline.Transport) (stop func() int) {
	t.Helper()
	_, placed := shop.Compose()
	publisher, err := pipeline.NewPublisher(placed, transport)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var published int
	var ended sync.WaitGroup
	ended.Go(func() {
		for ctx.Err() == nil {
			for range 10 {
				published++
				if err := publisher.Publish(t.Context(), shop.Order{ID: fmt.Sprintf("o-%d", published), Cents: 100}); err != nil {
					t.Error(err)
					return
				}
			}
			time.Sleep(5 * time.Millisecond)
		}
	})
	return func() int {
		cancel()
		ended.Wait()
		require.NoError(t, publisher.Close())
		return published
	}
}

// requireEachOnce requires n orders in the shop's last topic, each once.
func requireEachOnce(t *testing.T, client redis.UniversalClient, n int) {
	t.Helper()
	entries, err := client.XRange(t.Context(), "{shop}:journal", "-", "+").Result()
	require.NoError(t, err)
	seen := map[string]int{}
	for _, entry := range entries {
		var id string
		require.NoError(t, json.Unmarshal([]byte(entry.Values["payload"].(string)), &id))
		seen[id]++
	}
	for id, times := range seen {
		require.Equal(t, 1, times, id)
	}
	require.Len(t, seen, n)
}

func waitIdle(t *testing.T, p *pipeline.Pipeline, transport pipeline.Transport) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, p.WaitIdle(ctx, transport))
}

func transportOn(t *testing.T, client redis.UniversalClient) *streams.Transport {
	t.Helper()
	transport, err := streams.NewTransport(client, streams.Config{})
	require.NoError(t, err)
	return transport
}

func TestWorkersAreReplacedOneByOneAndNoMessageIsLostOrDoubled(t *testing.T) {
	t.Parallel()
	on := redistest.Start(t)
	w, client := workersOn(t, on), on.Client(t)
	transport := transportOn(t, client)
	p, _ := shop.Compose()

	running := []*child.Process{w.start(t), w.start(t), w.start(t, "charge")}
	stop := placing(t, transport)
	handled := func() int64 { return client.XLen(t.Context(), "{shop}:journal").Val() }
	for i, old := range running {
		before := handled()
		await(t, "messages flow", func() bool { return handled() > before+20 })
		require.NoError(t, old.Signal(syscall.SIGTERM))
		running[i] = w.start(t)
		require.Zero(t, old.ExitCode())
	}
	n := stop()
	waitIdle(t, p, transport)
	requireEachOnce(t, client, n)
}

func TestAWorkerThatIsKilledLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	on := redistest.Start(t)
	w, client := workersOn(t, on), on.Client(t)
	victim := w.start(t)
	_, placed := shop.Compose()
	transport := transportOn(t, client)
	orders := make([]shop.Order, 300)
	for i := range orders {
		orders[i] = shop.Order{ID: fmt.Sprint(i), Cents: 1}
	}
	require.NoError(t, publish(t.Context(), transport, placed, orders...))
	await(t, "it works", func() bool { return client.XLen(t.Context(), "{shop}:journal").Val() > 20 })
	victim.Kill()

	// Others take over what it held after 30 seconds by default: too long for a test.
	quick, err := streams.NewTransport(client, streams.Config{IdleTime: time.Second})
	require.NoError(t, err)
	p, _ := shop.Compose()
	require.NoError(t, workOff(t.Context(), p, quick))
	requireEachOnce(t, client, len(orders))
}
