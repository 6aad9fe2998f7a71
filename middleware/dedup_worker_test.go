package middleware_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/handoff"
	"github.com/millstream-go/millstream/middleware"
	"github.com/millstream-go/millstream/streams"
)

// The test binary is a worker process when it finds these in its environment.
const (
	workerEnv      = "MILLSTREAM_TEST_WORKER" // the topic it reads
	workerRedisEnv = "MILLSTREAM_TEST_WORKER_REDIS"
)

// work is the main function of a worker process: a router with one handler.
func work() int {
	client := redis.NewClient(&redis.Options{Addr: os.Getenv(workerRedisEnv)})
	defer client.Close()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := runWorker(ctx, client, os.Getenv(workerEnv)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func runWorker(ctx context.Context, client *redis.Client, topic string) error {
	subscriber, err := streams.NewSubscriber(client, "g", streams.SubscriberConfig{
		Concurrency: 8, IdleTime: 300 * time.Millisecond, NackDelay: 20 * time.Millisecond,
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	publisher, err := streams.NewPublisher(client, streams.PublisherConfig{})
	if err != nil {
		return err
	}
	router, err := message.NewRouter(message.RouterConfig{}, watermill.NopLogger{})
	if err != nil {
		return err
	}
	dedup := middleware.Dedup{Lease: 500 * time.Millisecond, RecheckAfter: 100 * time.Millisecond}
	router.AddHandler("handler", topic, subscriber, topic+"out", publisher, sometimes).AddMiddleware(dedup.Middleware)
	return router.Run(ctx)
}

// sometimes fails on the first attempt of some messages. It publishes the others.
func sometimes(msg *message.Message) ([]*message.Message, error) {
	if strings.HasSuffix(msg.UUID, "7") && handoff.FromContext(msg.Context()).Attempt == 1 {
		return nil, errHiccup
	}
	time.Sleep(time.Millisecond)
	return echo(msg)
}

// worker is a worker process.
type worker struct {
	command *exec.Cmd
	output  strings.Builder
	// wait waits for its end.
	wait func() error
}

func startWorker(t *testing.T, topic string) *worker {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	w := &worker{command: exec.Command(self)}
	w.command.Env = append(os.Environ(), workerEnv+"="+topic, workerRedisEnv+"="+server.Addr())
	w.command.Stdout, w.command.Stderr = &w.output, &w.output
	require.NoError(t, w.command.Start())
	w.wait = sync.OnceValue(w.command.Wait)
	t.Cleanup(w.kill)
	return w
}

// kill ends the process as a crash would.
func (w *worker) kill() {
	_ = w.command.Process.Kill() // fails if it has ended
	_ = w.wait()
}

// interrupt asks the process to end, and fails if it does not end well.
func (w *worker) interrupt(t *testing.T) {
	t.Helper()
	require.NoError(t, w.command.Process.Signal(os.Interrupt))
	require.NoError(t, w.wait(), w.output.String())
}
