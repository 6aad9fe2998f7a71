// Package demoredis is the Redis of demonstrations: a server inside the
// process, in memory, for whoever has none at hand. It is slower than Redis
// and forgets everything at the end.
package demoredis

import (
	"fmt"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// Start runs an empty server and returns a client of it. stop closes both, and
// returns when they have ended; calling it again does nothing.
func Start() (client *redis.Client, stop func(), err error) {
	server, err := miniredis.Run()
	if err != nil {
		return nil, nil, fmt.Errorf("start the embedded Redis: %w", err)
	}
	client = redis.NewClient(&redis.Options{Addr: server.Addr()})
	quit := make(chan struct{})
	var clock sync.WaitGroup
	clock.Go(func() { tick(server, quit) })
	return client, sync.OnceFunc(func() {
		close(quit)
		clock.Wait()
		_ = client.Close() // fails only when the caller has closed it already
		server.Close()
	}), nil
}

// tick lets keys expire: miniredis leaves the passing of time to its user.
func tick(server *miniredis.Miniredis, quit <-chan struct{}) {
	const step = time.Second
	ticker := time.NewTicker(step)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			server.FastForward(step)
		case <-quit:
			return
		}
	}
}
