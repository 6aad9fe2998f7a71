package suites

import (
	"context"
	"os"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"

	"github.com/millstream-go/millstream/internal/redistest"
)

var (
	// server is a real Redis that the tests of this package share.
	server *redistest.Server
	// options lead to it.
	options *redis.Options
)

func TestMain(m *testing.M) {
	redis.SetLogger(silent{}) // servers that are not there would fill the screen
	os.Exit(redistest.Main(m, func(s *redistest.Server) {
		server, options = s, &redis.Options{Addr: s.Addr()}
	}))
}

// silent is a logger for go-redis.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

func assertNoKeys(t *testing.T, client *redis.Client) {
	t.Helper()
	keys, err := client.Keys(t.Context(), "*").Result()
	assert.NoError(t, err)
	assert.Empty(t, keys, "keys stayed behind")
}
