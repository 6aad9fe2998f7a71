package pipeline_test

import (
	"log/slog"
	"os"
	"testing"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/millstream-go/millstream/internal/redistest"
)

// server is a real Redis that the tests of this package share.
var server *redistest.Server

func TestMain(m *testing.M) {
	if os.Getenv(workerEnv) != "" {
		os.Exit(work())
	}
	slog.SetDefault(quiet)
	os.Exit(redistest.Main(m, func(s *redistest.Server) { server = s }, stockReader))
}

// stockReader may go on for half a second after its subscriber was closed.
var stockReader = goleak.IgnoreAnyFunction("github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream.(*Subscriber).read")

// client returns a client of the shared server.
func client(t testing.TB) *redis.Client {
	t.Helper()
	return server.Client(t)
}
