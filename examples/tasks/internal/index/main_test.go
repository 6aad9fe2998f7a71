package index_test

import (
	"testing"

	"go.uber.org/goleak"
)

// bleve starts its analysers when the program begins, and they never end.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreCurrent()) }
