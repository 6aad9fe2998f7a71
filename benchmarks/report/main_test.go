package report_test

import (
	"os"
	"testing"

	"github.com/millstream-go/millstream/internal/redistest"
)

// shared is the real Redis of this package's tests.
var shared *redistest.Server

func TestMain(m *testing.M) {
	os.Exit(redistest.Main(m, func(s *redistest.Server) { shared = s }))
}
