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
	cmd := evalSHA(ctx, script, keys, args)
	_ = client.Process(ctx, once{cmd})
	if redis.HasErrorPrefix(cmd.Err(), "NOSCRIPT") {
		// Queueing on a pipeline that is never executed makes the command and no more.
		cmd = script.Eval(ctx, client.Pipeline(), keys, args...)
		_ = client.Process(ctx, once{cmd})
	}
	return cmd
}

// evalSHA makes the command that runs a script. It is made for every commit.
func evalSHA(ctx context.Context, script *redis.Script, keys []string, args []any) *redis.Cmd {
	const before = 3
	all := make([]any, 0, before+len(keys)+len(args))
	all = append(all, "evalsha", script.Hash(), len(keys))
	for _, key := range keys {
		all = append(all, key)
	}
	cmd := redis.NewCmd(ctx, append(all, args...)...)
	cmd.SetFirstKeyPos(before)
	return cmd
}

// readOnce reads as a consumer without go-redis's retries.
func readOnce(ctx context.Context, client redis.UniversalClient, args *redis.XReadGroupArgs) ([]redis.XStream, error) {
	cmd := client.Pipeline().XReadGroup(ctx, args)
	_ = client.Process(ctx, once{cmd})
	return cmd.Result()
}
