package suites_test

import (
	"os"
	"testing"

	"github.com/millstream-go/millstream/internal/redistest"
)

// server is a real Redis that the tests of this package share.
var server *redistest.Server

func TestMain(m *testing.M) {
	os.Exit(redistest.Main(m, func(s *redistest.Server) { server = s }))
}
