package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
)

// IdleTime is how long a worker may be silent before others take over its
// messages: short, so that it happens often.
const IdleTime = time.Second

// workerEnv has a process be a worker.
const workerEnv = "MILLSTREAM_CHAOS_WORKER"

func (s spec) environment() (string, error) {
	text, err := json.Marshal(s)
	return workerEnv + "=" + string(text), err
}

// Exit codes of a worker.
const (
	exitOK = 0
	// exitAway: it could not begin, most likely for want of Redis.
	exitAway = 3
	// exitStopped: it ended although it had begun and nobody asked it to.
	exitStopped = 4
)

// Main is the main function of a worker process; in any other it returns at once.
// A program that calls [Run] must call it before anything else.
func Main() {
	text, ok := os.LookupEnv(workerEnv)
	if !ok {
		return
	}
	var s spec
	err := json.Unmarshal([]byte(text), &s)
	code := exitStopped
	if err == nil {
		code, err = work(s)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// work runs the pipeline until the process is interrupted.
func work(s spec) (code int, err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	client := redis.NewClient(&redis.Options{Addr: s.Redis, ReadTimeout: 1500 * time.Millisecond, PoolSize: 20})
	defer client.Close()
	transport, err := newTransport(client, s.Trim)
	if err != nil {
		return exitStopped, err
	}
	h := &hands{runs: os.Stdout}
	g := compose(h)
	if h.publisher, err = pipeline.NewPublisher(g.records, transport); err != nil {
		return exitStopped, err
	}
	err = g.Run(ctx, transport, pipeline.DrainTimeout(drainTimeout))
	err = errors.Join(err, h.publisher.Close())
	switch {
	case err == nil:
		return exitOK, nil
	case h.busy.Load():
		return exitStopped, err
	default:
		return exitAway, err
	}
}

const drainTimeout = 5 * time.Second

func newTransport(client redis.UniversalClient, trim bool) (*streams.Transport, error) {
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	return streams.NewTransport(client, streams.Config{
		IdleTime: IdleTime, MaxNackDelay: 2 * time.Second, Logger: logger,
		// So many workers die that it is no message's fault.
		MaxUnfinished: -1, KeepHistory: !trim,
	})
}
