package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/millstream-go/millstream/examples/internal/app"
	"github.com/millstream-go/millstream/examples/userservice/internal/chaos"
)

// runChaos has its own name in Redis, and leaves nothing there.
func (c *command) runChaos(ctx context.Context) (err error) {
	client, stop, err := app.Connect(ctx, c.redisURL, c.Stderr)
	if err != nil {
		return err
	}
	defer stop()
	url := c.redisURL
	if url == "" {
		url = "redis://" + client.Options().Addr
	}
	name := "chaos-" + newID()
	err = chaos.Run(ctx, chaos.Config{
		Client: client, URL: url, Name: name,
		Out: c.Stdout, Logger: app.Logger(c.Stderr, slog.LevelError),
	})
	for _, prefix := range []string{"{" + name + "}:", "{" + name + "-live}:"} {
		if resetErr := app.Reset(context.WithoutCancel(ctx), client, prefix); resetErr != nil {
			err = errors.Join(err, fmt.Errorf("delete the keys of this run: %w", resetErr))
		}
	}
	if ctx.Err() != nil {
		return app.ErrInterrupted
	}
	return err
}
