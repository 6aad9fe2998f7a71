package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/internal/app"
)

// connect returns a client of the Redis that the roles share.
func connect(ctx context.Context, flag string, stderr io.Writer) (*redis.Client, func(), error) {
	address := app.RedisURL(flag)
	if address == "" {
		return nil, nil, app.Usage("this role shares a Redis with the others: give -redis URL or REDIS_URL")
	}
	return app.Connect(ctx, address, stderr)
}

// httpURL checks the URL of a server that a flag was given.
func httpURL(flag, text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil {
		return app.Usage("%s %q: want a URL like http://localhost:8081", flag, text)
	}
	return nil
}

// logger returns the log of a role.
func logger(stderr io.Writer) *slog.Logger { return app.Logger(stderr, slog.LevelWarn) }

// serve answers requests and does the work until ctx ends, or one of the two fails, and
// returns when both have ended.
func serve(ctx context.Context, listener net.Listener, handler http.Handler, work func(context.Context) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	worked := make(chan error, 1)
	go func() {
		defer stop()
		worked <- work(ctx)
	}()
	err := app.Serve(ctx, listener, handler)
	stop()
	return errors.Join(err, <-worked)
}

// announce says where a role listens, in the first line that it writes.
func announce(stdout io.Writer, role string, listener net.Listener) {
	fmt.Fprintf(stdout, "payments %s: http://%s\n", role, listener.Addr())
}
