package redistest

import (
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Client returns a new client of the server, closed when the test ends. It
// finds out quickly that the server is away.
func (s *Server) Client(tb testing.TB) *redis.Client {
	tb.Helper()
	client := redis.NewClient(&redis.Options{
		Addr:          s.addr,
		TLSConfig:     s.TLSConfig(),
		DialTimeout:   time.Second,
		DialerRetries: 1,
	})
	closeAtEnd(tb, client)
	return client
}

func closeAtEnd(tb testing.TB, client redis.UniversalClient) {
	tb.Helper()
	tb.Cleanup(func() {
		if err := client.Close(); err != nil && !errors.Is(err, redis.ErrClosed) {
			tb.Errorf("close the client: %v", err)
		}
	})
}
