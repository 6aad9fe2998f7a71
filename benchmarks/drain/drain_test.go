package drain_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/benchmarks/drain"
	"github.com/millstream-go/millstream/internal/redistest"
)

// asWorker is set in the environment of a test binary that is to be the worker.
const asWorker = "DRAIN_WORKER_REDIS"

var server *redistest.Server

func TestMain(m *testing.M) {
	if url := os.Getenv(asWorker); url != "" {
		if err := drain.Work(context.Background(), url, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(redistest.Main(m, func(s *redistest.Server) { server = s }))
}

func worker(ctx context.Context) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), asWorker+"="+server.URL(), "GORACE=atexit_sleep_ms=0")
	return cmd
}

func config(messages int) drain.Config {
	return drain.Config{
		Redis:    &redis.Options{Addr: server.Addr()},
		Messages: messages, Size: 200, Worker: worker,
	}
}

func TestADrainedStreamTakesNextToNoMemory(t *testing.T) {
	const messages = 50_000
	r, err := drain.Measure(t.Context(), config(messages))
	require.NoError(t, err)
	require.Equal(t, messages, r.Handled)
	require.Greater(t, r.Full, int64(messages*200))
	require.Zero(t, r.Left)
	require.Less(t, r.Drained, int64(64<<10))
	// The race detector takes several times what the worker does.
	require.Less(t, r.WorkerRSS, int64(400<<20))

	var table bytes.Buffer
	_, err = r.WriteTo(&table)
	require.NoError(t, err)
	require.Contains(t, table.String(), "50000 messages")
}

func TestNonsenseIsRefused(t *testing.T) {
	_, err := drain.Measure(t.Context(), config(0))
	require.ErrorContains(t, err, "messages: 0")
}
