// Package server finds a Redis to measure on.
package server

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/demoredis"
	"github.com/millstream-go/millstream/internal/redistest"
)

// Server is a Redis to measure on.
type Server struct {
	Options *redis.Options
	// Description names the server, its version and whose it is.
	Description string
	// Notice is what makes its figures worth little, if anything.
	Notice string

	stop func()
}

// pingTimeout is how long a server may take to show that it is there.
const pingTimeout = 5 * time.Second

// Find returns the server at url. If that is empty it starts a redis-server for
// the time being, and where none is installed an embedded one.
func Find(ctx context.Context, url string) (*Server, error) {
	if url != "" {
		return given(ctx, url)
	}
	own, stop, err := redistest.StartShared()
	if errors.Is(err, exec.ErrNotFound) {
		return embedded(err)
	}
	if err != nil {
		return nil, err
	}
	s := &Server{Options: &redis.Options{Addr: own.Addr()}, stop: stop}
	if s.Description, err = s.describe(ctx); err != nil {
		stop()
		return nil, err
	}
	s.Description += ", started for this"
	return s, nil
}

func given(ctx context.Context, url string) (*Server, error) {
	options, err := redis.ParseURL(url)
	if err != nil {
		// Neither the URL nor the error, which quotes it: it may hold a password.
		return nil, errors.New("the Redis URL cannot be used: want one like redis://user:password@localhost:6379/0")
	}
	s := &Server{Options: options, stop: func() {}}
	if s.Description, err = s.describe(ctx); err != nil {
		return nil, fmt.Errorf("cannot use the Redis at %s: %w", options.Addr, err)
	}
	s.Description += " at " + options.Addr
	return s, nil
}

func embedded(reason error) (*Server, error) {
	client, stop, err := demoredis.Start()
	if err != nil {
		return nil, err
	}
	return &Server{
		Options:     &redis.Options{Addr: client.Options().Addr},
		Description: "miniredis, embedded",
		Notice: reason.Error() + "\n" +
			"Measured on an embedded imitation of Redis instead: these figures say NOTHING about Redis, nor do the ratios.",
		stop: stop,
	}, nil
}

// Ping returns an error when the server does not answer.
func (s *Server) Ping(ctx context.Context) error {
	return s.try(ctx, func(ctx context.Context, client *redis.Client) error { return client.Ping(ctx).Err() })
}

// try asks the server once: that tells.
func (s *Server) try(ctx context.Context, ask func(context.Context, *redis.Client) error) error {
	options := *s.Options
	options.MaxRetries, options.DialerRetries = -1, 1
	client := redis.NewClient(&options)
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	return ask(ctx, client)
}

// describe asks the server for its name and version.
func (s *Server) describe(ctx context.Context) (string, error) {
	var info string
	err := s.try(ctx, func(ctx context.Context, client *redis.Client) (err error) {
		info, err = client.Info(ctx).Result()
		if redis.HasErrorPrefix(err, "NOPERM") {
			// Nothing that is measured needs it.
			info, err = "", client.Ping(ctx).Err()
		}
		return err
	})
	if err != nil {
		return "", err
	}
	if err := unsuitable(info); err != nil {
		return "", err
	}
	if info == "" {
		return "Redis, which does not tell its version", nil
	}
	if version := field(info, "valkey_version"); version != "" {
		return "Valkey " + version, nil
	}
	return "Redis " + field(info, "redis_version"), nil
}

// unsuitable returns why a server cannot be measured on, or should not be.
func unsuitable(info string) error {
	policy := field(info, "maxmemory_policy")
	switch {
	case field(info, "redis_mode") == "cluster":
		return errors.New("it is a node of a cluster, and what is measured here is a single Redis")
	case field(info, "role") == "slave":
		return errors.New("it is a replica, which takes no messages: name its master")
	case field(info, "maxmemory") != "0" && policy != "" && policy != "noeviction":
		return fmt.Errorf("it deletes keys when memory is short (maxmemory-policy %s), "+
			"and what is written here could cost others theirs: name one with noeviction", policy)
	}
	return nil
}

func field(info, name string) string {
	for line := range strings.Lines(info) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// Stop stops the server, if it was started for this.
func (s *Server) Stop() { s.stop() }
