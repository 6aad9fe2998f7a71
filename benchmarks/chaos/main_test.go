package chaos_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/millstream-go/millstream/benchmarks/chaos"
)

func TestMain(m *testing.M) {
	chaos.Main()
	code := m.Run()
	if code == 0 {
		// A connection that toxiproxy cut itself leaves what came after the cut
		// behind, for ever on its way to a reader that has gone.
		err := goleak.Find(
			goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2/toxics.(*NoopToxic).Pipe"),
			goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2/stream.(*ChanWriter).Write"),
		)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}
