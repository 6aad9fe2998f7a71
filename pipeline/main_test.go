package pipeline_test

import (
	"fmt"
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
	os.Exit(func() int {
		var stop func()
		var err error
		server, stop, err = redistest.StartShared()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		code := m.Run()
		stop()
		if code == 0 {
			if err := goleak.Find(stockReader); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
		}
		return code
	}())
}

// stockReader may go on for half a second after its subscriber was closed.
var stockReader = goleak.IgnoreAnyFunction("github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream.(*Subscriber).read")

// client returns a client of the shared server.
func client(t testing.TB) *redis.Client {
	t.Helper()
	return server.Client(t)
}
