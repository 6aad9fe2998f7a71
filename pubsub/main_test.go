package pubsub_test

import (
	"context"
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

// leftByTheSuite are goroutines of Watermill's universal suite, which closes a
// bundle of subscribers without reading what they still send it.
var leftByTheSuite = []goleak.Option{
	goleak.IgnoreAnyFunction("github.com/ThreeDotsLabs/watermill/internal/subscriber.(*multiplier).Subscribe.func2"),
	goleak.IgnoreAnyFunction("github.com/ThreeDotsLabs/watermill/internal/subscriber.(*multiplier).Subscribe.func3"),
}

func TestMain(m *testing.M) {
	if os.Getenv(workerEnv) != "" {
		os.Exit(work())
	}
	slog.SetDefault(slog.New(slog.DiscardHandler)) // gaps and lost messages are what most tests are about
	redis.SetLogger(silent{})
	os.Exit(redistest.Main(m, func(s *redistest.Server) { server = s }, leftByTheSuite...))
}

// silent is where go-redis's own log goes.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}
