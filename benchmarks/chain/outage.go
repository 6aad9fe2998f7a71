package chain

import (
	"context"
	"errors"
	"net"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/pause"
)

// rest lets a moment pass before the next try at a Redis that is away.
func rest(ctx context.Context) {
	pause.For(ctx, nil, readyPoll)
}

// once returns a client that sends nothing twice: where go-redis repeats a command whose
// reply was lost, a message would be doubled before any stage had it.
func (c Chain) once() *redis.Client {
	options := *c.Redis
	options.MaxRetries = -1
	return redis.NewClient(&options)
}

// feed sends messages. In a lossy chain it does so until Redis has them, unless it is
// not known whether it does: that is a failure.
func (e *ends) feed(ctx context.Context, send func(to redis.Cmdable) error) error {
	if !e.chain.Lossy {
		return send(e.client)
	}
	for {
		err := send(e.feeder)
		if ctx.Err() != nil || !wasNotSent(err) {
			return err
		}
		rest(ctx)
	}
}

// wasNotSent reports whether an error says for certain that a command did nothing.
func wasNotSent(err error) bool {
	if connection, ok := errors.AsType[*net.OpError](err); ok && connection.Op == "dial" {
		return true
	}
	return errors.Is(err, redis.ErrPoolTimeout) || redis.HasErrorPrefix(err, "LOADING")
}
