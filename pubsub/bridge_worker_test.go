package pubsub_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/pubsub"
	"github.com/millstream-go/millstream/streams"
)

// The test binary is a process that broadcasts when it finds these in its environment.
const (
	workerEnv      = "MILLSTREAM_TEST_WORKER" // the pipeline's name
	workerRedisEnv = "MILLSTREAM_TEST_WORKER_REDIS"
	// workerFatalEnv is the payload that the process kills itself after publishing.
	workerFatalEnv = "MILLSTREAM_TEST_WORKER_FATAL"
)

// work is the main function of such a process.
func work() int {
	client := redis.NewClient(&redis.Options{Addr: os.Getenv(workerRedisEnv)})
	defer client.Close()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := runWorker(ctx, client); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func runWorker(ctx context.Context, client *redis.Client) error {
	live, err := pubsub.NewTransport(client, pubsub.Config{Publisher: pubsub.PublisherConfig{Envelope: true}})
	if err != nil {
		return err
	}
	durable, err := streams.NewTransport(client, streams.Config{
		// Others take over quickly what a dead process held.
		IdleTime: 300 * time.Millisecond, KeepHistory: true, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	p, _ := composeBroadcast(os.Getenv(workerEnv), fatal{live, os.Getenv(workerFatalEnv)})
	return p.Run(ctx, durable, pipeline.DrainTimeout(5*time.Second))
}

// composeBroadcast composes stream → channel, slow enough to be killed at work.
func composeBroadcast(name string, live pipeline.Transport) (*pipeline.Pipeline, pipeline.Flow[int]) {
	p := pipeline.New(name, pipeline.Logger(quiet))
	source := pipeline.Source[int](p, "numbers")
	pipeline.Broadcast(source, "tell", live, func(int) string {
		time.Sleep(time.Millisecond)
		return told(name)
	})
	return p, source
}

// told is the channel that the pipeline of that name broadcasts on.
func told(name string) string { return name + ".told" }

// fatal is a transport whose publishers kill the process when they have published the
// message with a payload, so that nobody acknowledges what it was made of.
type fatal struct {
	pipeline.Transport
	payload string
}

func (f fatal) Publisher() (message.Publisher, error) {
	publisher, err := f.Transport.Publisher()
	return fatalPublisher{publisher, f.payload}, err
}

type fatalPublisher struct {
	message.Publisher
	payload string
}

func (f fatalPublisher) Publish(topic string, messages ...*message.Message) error {
	if err := f.Publisher.Publish(topic, messages...); err != nil {
		return err
	}
	for _, msg := range messages {
		if f.payload != "" && string(msg.Payload) == f.payload {
			self, err := os.FindProcess(os.Getpid())
			if err != nil {
				return err
			}
			if err := self.Kill(); err != nil {
				return err
			}
			select {} // the signal is on its way
		}
	}
	return nil
}

// worker is a process that broadcasts.
type worker struct {
	command *exec.Cmd
	output  bytes.Buffer
	ended   chan struct{}
}

// startWorker starts a process for the pipeline of that name. It kills itself after
// publishing the payload fatal, if there is one.
func startWorker(t *testing.T, name, fatal string) *worker {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	w := &worker{command: exec.CommandContext(t.Context(), self), ended: make(chan struct{})}
	w.command.Env = append(os.Environ(),
		workerEnv+"="+name, workerRedisEnv+"="+server.Addr(), workerFatalEnv+"="+fatal, "GORACE=atexit_sleep_ms=0")
	w.command.Stdout, w.command.Stderr = &w.output, &w.output
	require.NoError(t, w.command.Start())
	go func() {
		defer close(w.ended)
		_ = w.command.Wait() // how it ended is in its state
	}()
	t.Cleanup(w.kill)
	return w
}

// kill ends the process as a crash would.
func (w *worker) kill() {
	_ = w.command.Process.Kill() // fails if it has ended
	<-w.ended
}

// killed waits for the process to die of a signal.
func (w *worker) killed(t *testing.T) {
	t.Helper()
	select {
	case <-w.ended:
		require.Equal(t, -1, w.command.ProcessState.ExitCode(), w.output.String())
	case <-time.After(patience):
		require.Fail(t, "the process lives on")
	}
}

// interrupt asks the process to end, and fails if it does not end well.
func (w *worker) interrupt(t *testing.T) {
	t.Helper()
	require.NoError(t, w.command.Process.Signal(os.Interrupt))
	<-w.ended
	require.Zero(t, w.command.ProcessState.ExitCode(), w.output.String())
}
