package steady_test

import (
	"context"
	"os"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/redistest"
)

// server is a real Redis that the tests share.
var server *redistest.Server

func TestMain(m *testing.M) {
	redis.SetLogger(silent{}) // a server that is killed would fill the screen
	os.Exit(redistest.Main(m, func(s *redistest.Server) { server = s }))
}

// silent is a logger for go-redis.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}
