package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/examples/internal/app"
	"github.com/millstream-go/millstream/internal/redistest"
)

// cleanTimeout bounds the deletion of what a run left.
const cleanTimeout = 10 * time.Second

// server is the Redis of a run that everything is killed in.
type server struct {
	client *redis.Client
	url    string
	// own is a redis-server that may be killed; nil if there is none.
	own  *redistest.Server
	stop func()
}

// startServer finds a Redis: the given one, or one of its own, or at last the embedded one.
func (c command) startServer(ctx context.Context) (*server, error) {
	s := &server{url: c.redisURL}
	var err error
	if c.redisURL != "" {
		fmt.Fprintln(c.Stdout, "on the given Redis, which is not killed; without -redis and REDIS_URL it runs on one of its own, which is")
		s.client, s.stop, err = app.Connect(ctx, c.redisURL, c.Stderr)
		return s, err
	}
	switch err := redistest.Available(); {
	case errors.Is(err, exec.ErrNotFound):
		fmt.Fprintln(c.Stdout, "NO REDIS-SERVER IS ON THE PATH: this runs on an embedded Redis, which cannot be killed. Install one to see that, too.")
		s.client, s.stop, err = app.Connect(ctx, "", c.Stderr)
		if err == nil {
			s.url = "redis://" + s.client.Options().Addr
		}
		return s, err
	case err != nil:
		return nil, err
	}
	own, stop, err := redistest.StartShared(redistest.AOF())
	if err != nil {
		return nil, err
	}
	fmt.Fprintln(c.Stdout, "on a redis-server of its own, which has synced its append-only file before it answers")
	s.own, s.url = own, own.URL()
	client, disconnect, err := app.Connect(ctx, s.url, c.Stderr)
	if err != nil {
		stop()
		return nil, err
	}
	s.client, s.stop = client, func() { disconnect(); stop() }
	return s, nil
}

// clean deletes what a run left in a Redis that outlives it.
func (s *server) clean(ctx context.Context, prefix string) error {
	if s.own != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanTimeout)
	defer cancel()
	return app.Reset(ctx, s.client, prefix)
}
