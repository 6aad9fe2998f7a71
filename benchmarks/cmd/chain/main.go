// Command chain measures a chain of stages that do nothing: stock Watermill,
// Millstream, and a hand-written loop as the ceiling. See -help.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	"github.com/millstream-go/millstream/benchmarks/chain"
	"github.com/millstream-go/millstream/benchmarks/server"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Getenv("REDIS_URL"), os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// Exit codes. A run that lost or doubled messages has failed.
const (
	exitOK = iota
	exitFailed
	exitUsage
)

func run(ctx context.Context, args []string, redisURL string, stdout, stderr io.Writer) int {
	o, err := parse(args, redisURL, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		return exitUsage // the flag package has said why
	}
	ok, err := measure(ctx, o, stdout, stderr)
	if err != nil {
		fmt.Fprintln(stderr, "chain:", err)
	}
	if err != nil || !ok {
		return exitFailed
	}
	return exitOK
}

// measure reports whether each message came out exactly once.
func measure(ctx context.Context, o options, stdout, stderr io.Writer) (ok bool, err error) {
	redis, err := server.Find(ctx, o.redisURL)
	if err != nil {
		return false, err
	}
	defer redis.Stop()
	if redis.Notice != "" {
		fmt.Fprintln(stderr, banner(redis.Notice))
	}
	o.config.Redis = redis.Options
	o.config.Progress = func(format string, args ...any) { fmt.Fprintf(stderr, format+"\n", args...) }
	stopProfiles, err := o.startProfiles()
	if err != nil {
		return false, err
	}
	report, err := chain.Measure(ctx, o.config)
	if err := errors.Join(err, stopProfiles()); err != nil {
		return false, err
	}
	fmt.Fprintf(stdout, "\n%d cores, GOMAXPROCS %d, %s %s/%s, %s\n",
		runtime.NumCPU(), runtime.GOMAXPROCS(0), runtime.Version(), runtime.GOOS, runtime.GOARCH, redis.Description)
	if _, err := report.WriteTo(stdout); err != nil {
		return false, err
	}
	if redis.Notice != "" {
		fmt.Fprintln(stdout, banner(redis.Notice))
	}
	return report.OK(), nil
}

// banner makes a notice hard to overlook.
func banner(text string) string {
	line := strings.Repeat("*", 72)
	return line + "\n" + text + "\n" + line
}
