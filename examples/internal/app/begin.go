package app

import (
	"context"
	"io"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/tracing"
)

// Begin does what comes first in a program on Redis: [Telemetry], and then [Connect]. end
// ends both, the client first.
func Begin(ctx context.Context, service, redisURL string, stderr io.Writer, options ...tracing.Option) (client *redis.Client, end func(), err error) {
	shutdown, err := Telemetry(ctx, service, stderr, options...)
	if err != nil {
		return nil, nil, err
	}
	client, stop, err := Connect(ctx, redisURL, stderr)
	if err != nil {
		shutdown()
		return nil, nil, err
	}
	return client, func() { stop(); shutdown() }, nil
}
