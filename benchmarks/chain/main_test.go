package chain_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/millstream-go/millstream/internal/redistest"
)

// options lead to the real Redis that the tests of this package share.
var options *redis.Options

func TestMain(m *testing.M) {
	os.Exit(func() int {
		server, stop, err := redistest.StartShared()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		options = &redis.Options{Addr: server.Addr()}
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
