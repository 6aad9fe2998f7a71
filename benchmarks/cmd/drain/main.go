// Command drain measures the memory of a worker that works off a backlog, and of
// the stream before and after. See -help.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/millstream-go/millstream/benchmarks/drain"
	"github.com/millstream-go/millstream/benchmarks/server"
)

// workerFlag makes the command the worker of another one.
const workerFlag = "-worker"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Getenv("REDIS_URL"), os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// Exit codes. A worker that handled other than each message once has failed.
const (
	exitOK = iota
	exitFailed
	exitUsage
)

func run(ctx context.Context, args []string, redisURL string, stdout, stderr io.Writer) int {
	var config drain.Config
	flags := flag.NewFlagSet("drain", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&config.Messages, "messages", 5_000_000, "messages that wait")
	flags.IntVar(&config.Size, "size", 200, "bytes in a payload")
	flags.StringVar(&redisURL, "redis", redisURL, "`URL` of the Redis to use (default REDIS_URL, else a redis-server started for this)")
	work := flags.Bool(workerFlag[1:], false, "be the worker: the command calls itself so")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		return exitUsage // the flag package has said why
	case *work:
		err = drain.Work(ctx, redisURL, stdout)
	default:
		err = measure(ctx, config, redisURL, stdout)
	}
	if err != nil {
		fmt.Fprintln(stderr, "drain:", err)
		return exitFailed
	}
	return exitOK
}

func measure(ctx context.Context, config drain.Config, redisURL string, stdout io.Writer) error {
	if err := config.Check(); err != nil {
		return err
	}
	redis, err := server.Find(ctx, redisURL)
	if err != nil {
		return err
	}
	defer redis.Stop()
	if redis.Notice != "" {
		return errors.New(redis.Notice)
	}
	if redisURL == "" {
		redisURL = "redis://" + redis.Options.Addr
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	config.Redis = redis.Options
	config.Worker = func(ctx context.Context) *exec.Cmd {
		cmd := exec.CommandContext(ctx, self, workerFlag)
		// Not as an argument: it may hold a password.
		cmd.Env = append(os.Environ(), "REDIS_URL="+redisURL)
		return cmd
	}
	r, err := drain.Measure(ctx, config)
	if err != nil {
		return err
	}
	if _, err := r.WriteTo(stdout); err != nil {
		return err
	}
	if r.Handled != r.Messages {
		return fmt.Errorf("%d of %d messages were handled", r.Handled, r.Messages)
	}
	return nil
}
