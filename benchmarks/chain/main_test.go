package chain_test

import (
	"os"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/redistest"
)

// options lead to the real Redis that the tests of this package share.
var options *redis.Options

func TestMain(m *testing.M) {
	os.Exit(redistest.Main(m, func(s *redistest.Server) { options = &redis.Options{Addr: s.Addr()} }))
}
