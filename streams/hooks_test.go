package streams_test

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"
)

// noRenewals is a hook that makes every renewal of a hold fail: what a worker
// looks like to others that is stalled or cut off. It knows the script by its
// shape: a group, a consumer, and then nothing but ids.
type noRenewals struct{}

var errCutOff = errors.New("cut off by the test")

func (noRenewals) DialHook(next redis.DialHook) redis.DialHook { return next }

func (noRenewals) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if isRenewal(cmd.Args()) {
			cmd.SetErr(errCutOff)
			return errCutOff
		}
		return next(ctx, cmd)
	}
}

func (noRenewals) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// isRenewal: evalsha, sha, 1, stream, group, consumer, id, id, ...
func isRenewal(args []any) bool {
	if len(args) < 7 || args[0] != "evalsha" && args[0] != "eval" {
		return false
	}
	for _, arg := range args[6:] {
		id, ok := arg.(string)
		if !ok || !isEntryID(id) {
			return false
		}
	}
	return true
}

func isEntryID(s string) bool {
	dashes := 0
	for _, r := range s {
		switch {
		case r == '-':
			dashes++
		case r < '0' || r > '9':
			return false
		}
	}
	return dashes == 1
}

// onProcess is a hook that is called with every command.
type onProcess func(redis.Cmder)

func (onProcess) DialHook(next redis.DialHook) redis.DialHook { return next }

func (f onProcess) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		f(cmd)
		return next(ctx, cmd)
	}
}

func (onProcess) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// aroundProcess is a hook that is called in place of every command.
type aroundProcess func(cmd redis.Cmder, next func() error) error

func (aroundProcess) DialHook(next redis.DialHook) redis.DialHook { return next }

func (f aroundProcess) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := f(cmd, func() error { return next(ctx, cmd) })
		cmd.SetErr(err)
		return err
	}
}

func (aroundProcess) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}
