// Command millstream is what operators and the curious have at hand: so far it measures.
// See its help.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/benchmarks/suites"
)

func main() { os.Exit(start(suites.All())) }

// start runs the command line. The first signal asks the command to end and to tidy up
// behind itself; another one kills.
func start(all []suites.Suite) int {
	redis.SetLogger(silent{})
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return run(ctx, os.Args[1:], all, os.Stdout, os.Stderr)
}

// silent keeps go-redis from writing about lost connections into a progress bar: some
// suites restart Redis, and what fails comes back as an error.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}
