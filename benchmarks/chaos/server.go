package chaos

import (
	"bufio"
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/redistest"
)

// server is the Redis of a run: what it has acknowledged survives a crash.
type server struct {
	own    *redistest.Server
	client *redis.Client
	stop   func()

	mu sync.Mutex // one fault of the server at a time
}

func startServer() (*server, error) {
	own, stop, err := redistest.StartShared(redistest.AOF())
	if err != nil {
		return nil, err
	}
	client := redis.NewClient(&redis.Options{Addr: own.Addr()})
	return &server{own: own, client: client, stop: func() {
		_ = client.Close() // nothing is under way
		stop()
	}}, nil
}

// kill ends the server as a crash would and returns when it is back.
func (s *server) kill() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.own.Crash()
	return s.own.Revive()
}

// freeze stops the server for a while: it accepts connections and requests, and
// answers when it goes on.
func (s *server) freeze(ctx context.Context, d time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.own.Freeze(); err != nil {
		return err
	}
	sleep(ctx, d)
	return s.own.Thaw()
}

func (s *server) info(ctx context.Context) (map[string]string, error) {
	text, err := s.client.Info(ctx, "server").Result()
	if err != nil {
		return nil, err
	}
	info := map[string]string{}
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok {
			info[key] = value
		}
	}
	return info, nil
}

// flushScripts makes the server forget its scripts, as soon as it can be reached.
func (s *server) flushScripts(ctx context.Context) error {
	return persist(ctx, func() error { return s.client.ScriptFlush(ctx).Err() })
}

// rewriteAOF has the server write its append-only file anew, as it does by itself
// when that has grown.
func (s *server) rewriteAOF(ctx context.Context) error {
	return persist(ctx, func() error {
		err := s.client.BgRewriteAOF(ctx).Err()
		if _, refused := errors.AsType[redis.Error](err); refused && !redis.HasErrorPrefix(err, "LOADING") {
			return nil // it is at it
		}
		return err
	})
}

// persist calls do until it succeeds: the server may be away.
func persist(ctx context.Context, do func() error) error {
	for {
		err := do()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		sleep(ctx, 20*time.Millisecond)
	}
}

// sleep waits for d or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
