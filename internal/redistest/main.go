package redistest

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// Main runs a package's tests with one server for all of them, which it gives to
// use before they begin, and returns the exit code:
//
//	var server *redistest.Server
//
//	func TestMain(m *testing.M) {
//		os.Exit(redistest.Main(m, func(s *redistest.Server) { server = s }))
//	}
//
// It fails when there is no server to be had, and when the tests pass but leave
// goroutines behind, other than those the options leave out.
func Main(m *testing.M, use func(*Server), leaks ...goleak.Option) int {
	server, stop, err := StartShared()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	use(server)
	code := m.Run()
	stop()
	if code != 0 {
		return code
	}
	if err := goleak.Find(append(leaks, lookingForServer)...); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// lookingForServer is what a closed pool of go-redis may go on with for a second,
// when the server that it was for is away.
var lookingForServer = goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial")
