package redistest

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

func TestServerAnswersAtItsAddressAndURL(t *testing.T) {
	t.Parallel()
	server := Start(t)
	opts, err := redis.ParseURL(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	if opts.Addr != server.Addr() {
		t.Errorf("URL names %s, Addr is %s", opts.Addr, server.Addr())
	}
	mustPing(t, server)
}

func TestServersAreApart(t *testing.T) {
	t.Parallel()
	one, other := Start(t).Client(t), Start(t).Client(t)
	mustSet(t, one, "key", "value")
	if n := other.Exists(t.Context(), "key").Val(); n != 0 {
		t.Error("a key of one server is in the other")
	}
}

func TestStopLeavesNothing(t *testing.T) {
	t.Parallel()
	server, stop, err := StartShared(Supervised())
	if err != nil {
		t.Fatal(err)
	}
	stop()
	stop()
	if _, err := os.Stat(server.dir); !os.IsNotExist(err) {
		t.Errorf("directory is still there: %v", err)
	}
	if conn, err := net.Dial("tcp", server.Addr()); err == nil {
		_ = conn.Close()
		t.Error("something still listens")
	}
}

func TestArgsReachTheServer(t *testing.T) {
	t.Parallel()
	client := Start(t, Args("--maxmemory", "7mb"), Args("--databases", "3")).Client(t)
	for name, want := range map[string]string{"maxmemory": "7340032", "databases": "3"} {
		if got := client.ConfigGet(t.Context(), name).Val()[name]; got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestWrongArgsAreReportedWithTheServersLog(t *testing.T) {
	t.Parallel()
	_, _, err := StartShared(Args("--no-such-directive", "yes"))
	if err == nil || !strings.Contains(err.Error(), "no-such-directive") {
		t.Errorf("want redis-server's complaint, got %v", err)
	}
}

func TestMissingServerFailsWithAdvice(t *testing.T) {
	for name, set := range map[string]func(*testing.T){
		"not in PATH": func(t *testing.T) {
			t.Setenv(serverEnv, "")
			t.Setenv("PATH", t.TempDir())
		},
		"wrong path": func(t *testing.T) {
			t.Setenv(serverEnv, filepath.Join(t.TempDir(), "redis-server"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			set(t)
			message := fatalOf(t, func(tb testing.TB) { Start(tb) })
			for _, want := range []string{"not found", "apt-get install redis-server", serverEnv} {
				if !strings.Contains(message, want) {
					t.Errorf("%q does not say %q", message, want)
				}
			}
		})
	}
}

func TestServerPathFromTheEnvironment(t *testing.T) {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		path = os.Getenv(serverEnv)
	}
	t.Setenv(serverEnv, path)
	t.Setenv("PATH", t.TempDir())
	mustPing(t, Start(t))
}

// fatalTB is a test that records what it fails of.
type fatalTB struct {
	testing.TB

	message string
}

func (tb *fatalTB) Fatal(args ...any) {
	tb.message = args[0].(error).Error()
	runtime.Goexit()
}

func fatalOf(t *testing.T, run func(testing.TB)) string {
	t.Helper()
	tb := &fatalTB{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		run(tb)
	}()
	<-done
	return tb.message
}

func mustPing(t *testing.T, server *Server) {
	t.Helper()
	if err := server.Client(t).Ping(t.Context()).Err(); err != nil {
		t.Fatalf("ping: %v", err)
	}
}

func mustSet(t *testing.T, client *redis.Client, key, value string) {
	t.Helper()
	if err := client.Set(t.Context(), key, value, 0).Err(); err != nil {
		t.Fatalf("set: %v", err)
	}
}
