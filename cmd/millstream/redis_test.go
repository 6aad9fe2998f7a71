package main

import (
	"context"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/benchmarks/bench"
	"github.com/millstream-go/millstream/benchmarks/suites"
	"github.com/millstream-go/millstream/cmd/millstream/internal/exit"
	"github.com/millstream-go/millstream/internal/redistest"
)

func hasLabel(ctx context.Context, key, want string) bool {
	value, _ := pprof.Label(ctx, key)
	return value == want
}

func TestARedisGivenIsUsedAndItsDataStay(t *testing.T) {
	server := redistest.Start(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer client.Close()
	require.NoError(t, client.Set(t.Context(), "theirs", "1", 0).Err())
	got := millstream(t.Context(), "bench --redis "+server.URL(), madeUp("chain", well))
	require.Equal(t, exit.OK, got.code, got.stderr)
	assert.Contains(t, got.stdout, "at "+server.Addr())
	assert.Equal(t, []string{"theirs"}, client.Keys(t.Context(), "*").Val())
}

func TestARedisThatCannotBeUsedIsRefused(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and says nothing
	require.NoError(t, err)
	defer silent.Close()
	for _, address := range []string{"127.0.0.1:1/0", silent.Addr().String(), "host:port/0"} {
		got := millstream(t.Context(), "bench --json --redis redis://user:secret@"+address, madeUp("chain", untouched(t)))
		assert.Equal(t, exit.Failed, got.code, address)
		assert.Contains(t, got.stderr, "Redis", address)
		assert.NotContains(t, got.stderr, "secret")
		assert.Empty(t, got.stdout)
	}
}

func TestThePasswordOfARedisIsNowhere(t *testing.T) {
	server := redistest.Start(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer client.Close()
	require.NoError(t, client.ConfigSet(t.Context(), "requirepass", "secret").Err())
	out := t.TempDir()
	got := millstream(t.Context(), "bench --redis redis://:secret@"+server.Addr()+" --out "+out, madeUp("chain", well))
	require.Equal(t, exit.OK, got.code, got.stderr)
	assert.NotContains(t, got.stdout+got.stderr+contents(t, out), "secret")
	got = millstream(t.Context(), "bench --redis redis://:secret2@"+server.Addr(), madeUp("chain", untouched(t)))
	assert.Equal(t, exit.Failed, got.code)
	assert.NotContains(t, got.stdout+got.stderr, "secret2")
}

func TestTheEnvironmentsRedisIsLeftAlone(t *testing.T) {
	t.Setenv("REDIS_URL", "redis://127.0.0.1:1/0")
	got := millstream(t.Context(), "bench", madeUp("chain", well))
	require.Equal(t, exit.OK, got.code, got.stderr)
	assert.Contains(t, got.stdout, "started for this")
}

func TestWithoutRedisServerTheEmbeddedOneIsSaidLoudly(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("MILLSTREAM_REDIS_SERVER", "")
	got := millstream(t.Context(), "bench", madeUp("chain", well))
	require.Equal(t, exit.OK, got.code, got.stderr)
	assert.Contains(t, got.stderr, "install it")
	assert.Contains(t, got.stderr, "say NOTHING about Redis")
	assert.Contains(t, got.stdout, "embedded")
}

func TestARedisThatGoesAwayEndsTheRun(t *testing.T) {
	server := redistest.Start(t)
	dying := func(context.Context, int) (bench.Round, error) {
		server.Kill(t)
		return bench.Round{}, redis.ErrClosed
	}
	got := millstream(t.Context(), "bench --json --redis "+server.URL(),
		madeUp("publish", well), madeUp("chain", dying), madeUp("payload", untouched(t)))
	assert.Equal(t, exit.Failed, got.code)
	assert.Contains(t, got.stderr, "THE REDIS IS GONE")
	assert.Len(t, got.results(t), 2)
}

// contents returns all files below a directory as one text.
func contents(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		all.Write(content)
		return err
	}))
	return all.String()
}

func TestANodeOfAClusterIsRefused(t *testing.T) {
	node := redistest.Start(t, redistest.Args("--cluster-enabled", "yes"))
	got := millstream(t.Context(), "bench --redis "+node.URL(), madeUp("chain", untouched(t)))
	assert.Equal(t, exit.Failed, got.code)
	assert.Contains(t, got.stderr, "node of a cluster")
}

func TestWhatASuiteLeavesOutIsSaidAndReported(t *testing.T) {
	const reason = "chain: the largest is left out, memory is short"
	suite := madeUp("chain", well)
	cases := suite.Cases
	suite.Cases = func(c *suites.Config) []bench.Case {
		c.Notice(reason)
		return cases(c)
	}
	got := millstream(t.Context(), "bench", suite)
	require.Equal(t, exit.OK, got.code, got.stderr)
	assert.Contains(t, got.stderr, reason)
	assert.Contains(t, got.stdout, reason)
}
