package reliability_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/millstream-go/millstream/benchmarks/reliability"
)

func TestMain(m *testing.M) {
	if code, worker := reliability.Worker(); worker {
		os.Exit(code)
	}
	goleak.VerifyTestMain(m)
}
