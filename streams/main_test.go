package streams_test

import (
	"fmt"
	"log/slog"
	"os"
	"testing"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/millstream-go/millstream/internal/redistest"
)

// server is a real Redis that the tests of this package share. Those that hurt
// their server start their own.
var server *redistest.Server

func TestMain(m *testing.M) {
	slog.SetLogLoggerLevel(slog.LevelError)
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
			if err := goleak.Find(); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
		}
		return code
	}())
}

// client returns a client of the shared server.
func client(t testing.TB) *redis.Client {
	t.Helper()
	return server.Client(t)
}
