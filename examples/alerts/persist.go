package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"time"
)

// lookAgain is how often somebody looks whether Redis is back.
const lookAgain = 200 * time.Millisecond

// persist runs something that bears that Redis goes away, but not while it begins: then it
// is run again, once ping finds Redis there. Other errors are returned.
func persist(ctx context.Context, run, ping func(context.Context) error, logger *slog.Logger) error {
	for {
		err := run(ctx)
		if err == nil || ctx.Err() != nil || !isAway(err) {
			return err
		}
		logger.Warn("Redis went away at the beginning; it is waited for", "err", err)
		for ping(ctx) != nil {
			if wait(ctx, lookAgain) != nil {
				return nil // it had begun nothing
			}
		}
	}
}

// isAway reports whether an error is of a connection, and not what Redis answers.
func isAway(err error) bool {
	_, network := errors.AsType[net.Error](err)
	return network || errors.Is(err, io.EOF)
}
