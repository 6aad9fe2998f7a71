package commit

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// once keeps go-redis from sending a command again whose reply was lost. Reading
// is not idempotent: a repeated read passes over what the lost reply held, and
// nobody would learn of it. Whoever reads has to look for that instead. A commit may
// be repeated, but whoever does so has to know.
type once struct{ redis.Cmder }

func (once) NoRetry() bool { return true }

// runOnce runs a script without go-redis's retries.
func runOnce(ctx context.Context, client redis.UniversalClient, script *redis.Script, keys []string, args ...any) *redis.Cmd {
	// Queueing on a pipeline that is never executed makes the command and no more.
	cmd := script.EvalSha(ctx, client.Pipeline(), keys, args...)
	_ = client.Process(ctx, once{cmd})
	if redis.HasErrorPrefix(cmd.Err(), "NOSCRIPT") {
		cmd = script.Eval(ctx, client.Pipeline(), keys, args...)
		_ = client.Process(ctx, once{cmd})
	}
	return cmd
}

// readOnce reads as a consumer without go-redis's retries.
func readOnce(ctx context.Context, client redis.UniversalClient, args *redis.XReadGroupArgs) ([]redis.XStream, error) {
	cmd := client.Pipeline().XReadGroup(ctx, args)
	_ = client.Process(ctx, once{cmd})
	return cmd.Result()
}
