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
	// Stock's reader sleeps for half a second after its client was closed, and
	// nobody joins it.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction(
		"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream.(*Subscriber).read"))
}
